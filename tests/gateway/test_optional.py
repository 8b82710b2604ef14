"""What only some configurations need is imported only for them."""

import subprocess
import sys

from audit.place import Place
from gateway import optional

LEFT_OUT = (
    *("psycopg", "audit.postgres", "redis", "fastapi", "httpx", "genai_prices", "aiohttp"),
    *("opentelemetry.exporter", "opentelemetry.trace", "gateway.spans"),
)


def test_a_gateway_of_one_process_and_its_folder_imports_none_of_them() -> None:
    program = f"import gateway.app, sys; print([name for name in {LEFT_OUT} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert said.stdout == "[]\n"


def test_a_book_on_a_server_is_a_place_that_several_write() -> None:
    place: Place = optional.book_server("postgresql://nobody@127.0.0.1:1/none")
    assert place.shared
