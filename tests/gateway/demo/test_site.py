from pathlib import Path

import httpx
import pytest

from gateway.demo.site import Bill, Process, Site, SiteError, open_site


def test_a_process_that_does_not_start_is_told_with_what_it_said(tmp_path: Path) -> None:
    missing = tmp_path / "no-such-file.yaml"
    with (
        pytest.raises(SiteError, match=r"the gateway did not start: (?s:.*)no-such-file\.yaml"),
        Process.start("gateway", tmp_path, ["gateway", "serve", "--config", str(missing)]),
    ):
        pass


def test_a_process_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with Process.start("provider", tmp_path, ["agents.scripted", "--port", "0"]) as process:
        process.log.write_text("")
        with pytest.raises(SiteError, match="the provider did not start"):
            process.wait_url(start_s_max=0.05)


def test_both_processes_end_and_the_folder_is_gone_afterwards() -> None:
    with open_site() as site:
        folder, processes = site.folder, (site.gateway, site.provider)
        assert site.http.get(f"{site.gateway.url}/readyz").json()["status"] == "ok"
        assert all(process.popen.poll() is None for process in processes)
    assert [process.popen.returncode for process in processes] == [0, 0]
    assert not folder.exists()


def test_a_process_that_does_not_stop_in_time_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.demo.site.STOP_S_MAX", 0.0)
    with Process.start("provider", tmp_path, ["agents.scripted", "--port", "0"]) as process:
        assert process.stop() < 0


def test_a_bill_since_an_earlier_one_is_the_difference() -> None:
    assert Bill(7, 100, 5_000).since(Bill(2, 40, 1_000)) == Bill(5, 60, 4_000)


def test_a_tenant_that_was_made_twice_is_an_error_and_no_silence(site: Site) -> None:
    site.tenant("twice")
    with pytest.raises(httpx.HTTPStatusError):
        site.tenant("twice")
