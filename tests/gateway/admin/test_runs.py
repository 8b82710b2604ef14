"""Runs over the admin API: what they use, and the way to stop one."""

from pathlib import Path

from limits.entries import CountEntry
from tests.gateway.operator import administrating, opened, write_config


async def test_runs_are_listed_latest_first_shown_with_what_they_used_and_killed_with_their_children(
    tmp_path: Path,
) -> None:
    with opened(write_config(tmp_path)) as operator:
        key, _ = await operator.client_key()
        run, token = await operator.registry.open_run(key, {"steps": 2})
        child, _ = await operator.registry.open_run(operator.directory.key_of(token) or key)
        other, _ = await operator.registry.open_run(key)
        assert isinstance(operator.ledger.count(child.id, "steps"), CountEntry)
        async with administrating(operator) as client:
            listed = (await client.get("/admin/runs", params={"limit": 2})).json()
            assert ([each["id"] for each in listed["runs"]], listed["more"]) == ([other.id, child.id], True)
            rest = (await client.get("/admin/runs", params={"limit": 2, "skip": 2, "tenant": "globex"})).json()
            assert ([each["id"] for each in rest["runs"]], rest["more"]) == ([run.id], False)
            shown = (await client.get(f"/admin/runs/{run.id}")).json()
            assert (shown["limits"]["steps"], shown["used"]["steps"], shown["used"]["agents"]) == (2, 1, 1)
            assert (await client.post(f"/admin/runs/{run.id}/cancel")).json()["status"] == "killed"
            assert (await client.get(f"/admin/runs/{child.id}")).json()["status"] == "killed"
            assert [each["id"] for each in (await client.get("/admin/runs")).json()["runs"]] == [other.id]
            everything = (await client.get("/admin/runs", params={"all": True})).json()["runs"]
            assert len(everything) == 3


async def test_a_run_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            assert (await client.get("/admin/runs/nothing")).json()["error"]["code"] == "run_not_found"
            assert (await client.post("/admin/runs/nothing/cancel")).status_code == 404
