"""The flow of .ci/contract with the Python client of openapi-generator. BASE is the address of the local stack."""

import os
import uuid
from typing import Callable

from openapi_client import ApiClient, Configuration
from openapi_client.api import AuthApi, EventsApi, ProductsApi, StockMovementsApi, UsersApi, WarehousesApi
from openapi_client.exceptions import ApiException, ConflictException, UnprocessableEntityException
from openapi_client.models import (
    CreateMovementConflict,
    DuplicateSkuProblem,
    EventType,
    InsufficientStockProblem,
    Login,
    Movement,
    MovementBody,
    ProductBody,
    ProductPatch,
    StockMovedEvent,
    TokenProblem,
    UnprocessableProblem,
    ValidationFailedProblem,
    VersionMismatchProblem,
)


def refused(call: Callable[[], object]) -> ApiException:
    """The error of a call."""
    try:
        answer = call()
    except ApiException as error:
        return error
    raise AssertionError(answer)


base = os.environ["BASE"]
password = "northwind-demo-2026"
auth = AuthApi(ApiClient(Configuration(host=base)))
wrong = Login(email="manager@northwind.example", password="wrong password")
problem = refused(lambda: auth.create_token(wrong, x_tenant_id="northwind")).data
assert isinstance(problem, TokenProblem), problem
assert (problem.code, problem.error) == ("invalid_credentials", "invalid_grant")
login = Login(email="manager@northwind.example", password=password)
tokens = auth.create_token(login, x_tenant_id="northwind")

client = ApiClient(Configuration(host=base, access_token=tokens.access_token))
products = ProductsApi(client)
movements = StockMovementsApi(client)
me = UsersApi(client).get_current_user()
assert me.role == "MANAGER"

sku = f"GENERATOR-{uuid.uuid4().hex[:12]}"
product = products.create_product(ProductBody(sku=sku, name="Made by a client", min_stock_level=2))
error = refused(lambda: products.create_product(ProductBody(sku=sku, name="Again")))
assert isinstance(error, ConflictException), error
assert isinstance(error.data, DuplicateSkuProblem), error.data
assert (error.data.status, error.data.code) == (409, "duplicate_sku")

warehouse = WarehousesApi(client).list_warehouses(limit=1).items[0]


def move(kind: str, quantity: float, key: str | None = None) -> Movement:
    body = MovementBody(type=kind, product_id=product.id, warehouse_id=warehouse.id, quantity=quantity)
    return movements.create_movement(body, idempotency_key=key)


movement = move("IN", 5, sku)
assert movement.balance_after == 5
assert move("IN", 5, sku).id == movement.id
conflict = refused(lambda: move("OUT", 50)).data
assert isinstance(conflict, CreateMovementConflict), conflict
problem = conflict.actual_instance
assert isinstance(problem, InsufficientStockProblem), problem
assert (problem.available, problem.requested) == (5, 50)

# The client checks lengths and ranges itself; only the API knows which characters are allowed.
error = refused(lambda: products.create_product(ProductBody(sku="A", name="\u200b")))
assert isinstance(error, UnprocessableEntityException), error
assert isinstance(error.data, UnprocessableProblem), error.data
problem = error.data.actual_instance
assert isinstance(problem, ValidationFailedProblem), problem
assert [error.pointer for error in problem.errors] == ["/name"]

stale = refused(lambda: products.update_product(product.id, ProductPatch(name="Renamed"), if_match='"99"'))
assert isinstance(stale.data, VersionMismatchProblem), stale.data
renamed = products.update_product(product.id, ProductPatch(name="Renamed", category=None), if_match='"1"')
assert renamed.name == "Renamed"

event = EventsApi(client).list_events(type=EventType.STOCK_DOT_MOVED, limit=1).items[0].actual_instance
assert isinstance(event, StockMovedEvent), event
assert event.data.movement.product_id == product.id

ids: set[uuid.UUID] = set()
cursor: str | None = None
pages = 0
while pages == 0 or cursor is not None:
    page = products.list_products(limit=5, cursor=cursor)
    pages += 1
    assert ids.isdisjoint(item.id for item in page.items)
    ids.update(item.id for item in page.items)
    cursor = page.next_cursor
assert pages > 1 and product.id in ids
print(f"openapi-generator: the flow passes; {pages} pages")
