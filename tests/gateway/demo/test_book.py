import contextlib
import io
import sqlite3

from gateway.demo.book import book
from gateway.demo.calls import calls
from gateway.demo.screen import Screen
from gateway.demo.site import open_site


def test_the_book_is_verified_and_the_altered_record_of_a_copy_is_named(screen: Screen, out: io.StringIO) -> None:
    with open_site() as site:
        calls(site, screen)
        book(site, screen)
    assert (screen.claims, screen.broken) == (9, 0), out.getvalue()


def test_a_book_that_was_altered_before_is_no_good_scene(screen: Screen, out: io.StringIO) -> None:
    with open_site() as site:
        calls(site, screen)
        site.gateway.stop()
        with contextlib.closing(sqlite3.connect(site.book)) as db:
            db.execute("UPDATE book_leaf SET body = replace(body, '\"http\":200', '\"http\":201')")
            db.commit()
        book(site, screen)
    assert screen.broken >= 2, out.getvalue()


def test_a_book_without_a_charge_has_nothing_to_show(screen: Screen, out: io.StringIO) -> None:
    with open_site() as site:
        book(site, screen)
    assert "✗ there is a charge to alter" in out.getvalue()
