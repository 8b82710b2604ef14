"""Keys over the admin API: the text is in one answer and nowhere else."""

from pathlib import Path

import pytest

from tests.gateway.operator import administrating, opened, write_config


async def test_a_key_is_shown_once_opens_what_it_should_and_is_revoked(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            body = {"tenant": "acme", "name": "app", "profile": "tight", "models": ["small"], "expires": "2028-01-01"}
            made = await client.post("/admin/keys", json={**body, "caps": [{"tokens": 5, "per": "hour"}]})
            secret, key_id = made.json()["secret"], made.json()["key"]["id"]
            key = operator.directory.key_of(secret)
            assert key is not None
            assert (key.id, key.models, key.profile.name) == (key_id, frozenset({"small"}), "tight")
            assert made.json()["key"]["caps"][0]["limit"] == 5
            listed = await client.get("/admin/keys", params={"tenant": "acme"})
            assert [each["name"] for each in listed.json()["keys"]] == ["ci", "app"] or key_id < "acme.ci"
            shown = await client.get(f"/admin/keys/{key_id}")
            assert secret not in listed.text + shown.text
            assert (await client.post(f"/admin/keys/{key_id}/revoke")).json()["revoked"]
            assert (await client.post(f"/admin/keys/{key_id}/revoke")).json()["revoked"]
            assert operator.directory.key_of(secret) is None
            assert len(operator.records()) == 3


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"name": "k"}, 400, "tenant"),
        ({"name": "k", "tenant": "acme", "role": "admin"}, 400, "tenant"),
        ({"name": "k", "tenant": "nobody"}, 404, "tenant"),
        ({"name": "k", "tenant": "acme", "profile": "none"}, 400, "profile"),
        ({"name": "k", "tenant": "acme", "role": "run"}, 400, "body.role"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(tmp_path: Path, body: dict[str, str], status: int, param: str) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            answer = await client.post("/admin/keys", json=body)
            assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
            assert (await client.get("/admin/keys/nothing")).status_code == 404
