"""The flow of .ci/contract with the client of openapi-python-client. BASE is the address of the local stack."""

import os
import uuid

from stockroom_client import AuthenticatedClient, Client
from stockroom_client.api.auth import create_token
from stockroom_client.api.events import list_events
from stockroom_client.api.products import create_product, list_products, update_product
from stockroom_client.api.stock_movements import create_movement
from stockroom_client.api.users import get_current_user
from stockroom_client.api.warehouses import list_warehouses
from stockroom_client.models import (
    DuplicateSkuProblem,
    EventPage,
    EventType,
    InsufficientStockProblem,
    Login,
    Movement,
    MovementBody,
    MovementBodyType,
    OwnUser,
    Product,
    ProductBody,
    ProductPage,
    ProductPatch,
    StockMovedEvent,
    TokenProblem,
    Tokens,
    ValidationFailedProblem,
    VersionMismatchProblem,
    WarehousePage,
)
from stockroom_client.types import UNSET, Unset

base = os.environ["BASE"]

anonymous = Client(base_url=base)
login = Login(email="manager@northwind.example", password="wrong password")
refused = create_token.sync(client=anonymous, body=login, x_tenant_id="northwind")
assert isinstance(refused, TokenProblem), refused
assert (refused.code, refused.error) == ("invalid_credentials", "invalid_grant")
login.password = "northwind-demo-2026"
tokens = create_token.sync(client=anonymous, body=login, x_tenant_id="northwind")
assert isinstance(tokens, Tokens), tokens

client = AuthenticatedClient(base_url=base, token=tokens.access_token)
me = get_current_user.sync(client=client)
assert isinstance(me, OwnUser), me
assert me.role == "MANAGER"

sku = f"PYTHON-{uuid.uuid4().hex[:12]}"
product = create_product.sync(client=client, body=ProductBody(sku=sku, name="Made by a client", min_stock_level=2))
assert isinstance(product, Product), product
duplicate = create_product.sync(client=client, body=ProductBody(sku=sku, name="Again"))
assert isinstance(duplicate, DuplicateSkuProblem), duplicate
assert (duplicate.status, duplicate.code) == (409, "duplicate_sku")

warehouses = list_warehouses.sync(client=client, limit=1)
assert isinstance(warehouses, WarehousePage), warehouses
warehouse = warehouses.items[0]


def move(kind: MovementBodyType, quantity: float, key: str | Unset = UNSET) -> object:
    body = MovementBody(type_=kind, product_id=product_id, warehouse_id=warehouse.id, quantity=quantity)
    return create_movement.sync(client=client, body=body, idempotency_key=key)


product_id = product.id
movement = move(MovementBodyType.IN, 5, sku)
assert isinstance(movement, Movement), movement
assert movement.balance_after == 5
repeated = move(MovementBodyType.IN, 5, sku)
assert isinstance(repeated, Movement) and repeated.id == movement.id, repeated
short = move(MovementBodyType.OUT, 50)
assert isinstance(short, InsufficientStockProblem), short
assert (short.available, short.requested) == (5, 50)

invalid = create_product.sync(client=client, body=ProductBody(sku="", name="", decimal_places=9))
assert isinstance(invalid, ValidationFailedProblem), invalid
assert [error.pointer for error in invalid.errors] == ["/sku", "/name", "/decimal_places"]

stale = update_product.sync(product.id, client=client, body=ProductPatch(name="Renamed"), if_match='"99"')
assert isinstance(stale, VersionMismatchProblem), stale
change = ProductPatch(name="Renamed", category=None)
renamed = update_product.sync(product.id, client=client, body=change, if_match='"1"')
assert isinstance(renamed, Product), renamed
assert renamed.name == "Renamed"

events = list_events.sync(client=client, type_=EventType.STOCK_MOVED, limit=1)
assert isinstance(events, EventPage), events
event = events.items[0]
assert isinstance(event, StockMovedEvent), event
assert event.data.movement.product_id == product.id

ids: set[uuid.UUID] = set()
cursor: str | Unset = UNSET
pages = 0
while True:
    page = list_products.sync(client=client, limit=5, cursor=cursor)
    assert isinstance(page, ProductPage), page
    pages += 1
    assert ids.isdisjoint(item.id for item in page.items)
    ids.update(item.id for item in page.items)
    if page.next_cursor is None:
        break
    cursor = page.next_cursor
assert pages > 1 and product.id in ids
print(f"openapi-python-client: the flow passes; {pages} pages")
