"""Signs in as one of many accounts of the role that is on turn.

What is asked at random ends sessions, renames accounts, and, as an admin, disables and deletes them. Each time a token is
refused, the next account that can still sign in takes over; when none can, the run has errors and fails.
"""

import os

import requests
import schemathesis

BASE = os.environ["BASE"]
ROLE = os.environ["ROLE"]
PASSWORD = "swept floors and tidy labels"
ACCOUNTS = 60


def sign_in(email: str, password: str) -> str | None:
    form = {"username": email, "password": password, "client_id": "northwind"}
    reply = requests.post(f"{BASE}/api/v1/auth/token", data=form, timeout=30)
    return reply.json()["access_token"] if reply.status_code == 200 else None


def hire() -> list[str]:
    token = sign_in("admin@northwind.example", "northwind-demo-2026")
    emails = [f"fuzz-{number}@northwind.example" for number in range(ACCOUNTS)]
    for email in emails:
        person = {"email": email, "full_name": "Somebody at random", "role": ROLE.upper(), "password": PASSWORD}
        headers = {"Authorization": f"Bearer {token}"}
        requests.post(f"{BASE}/api/v1/users", json=person, headers=headers, timeout=30).raise_for_status()
    return emails


if ROLE != "anonymous":
    emails = hire()

    @schemathesis.auth(refresh_interval=3600, retry_on=[401])
    class Turns:
        def get(self, case, context):
            while emails:
                token = sign_in(emails[0], PASSWORD)
                if token:
                    return token
                emails.pop(0)
            raise RuntimeError("no account is left that can sign in")

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"
