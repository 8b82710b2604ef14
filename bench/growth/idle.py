"""A process that keeps connections open and says nothing on them, as clients with pools do.

It makes them, asks for `/livez` once on each, prints `ready`, and ends when its input does.
"""

import argparse
import asyncio
import sys

AT_ONCE = 200


async def _open(port: int) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(head.partition(b"\r\n")[0].decode())
    return writer


async def main(port: int, count: int) -> None:
    """Open, and wait for the end of the input."""
    held: list[asyncio.StreamWriter] = []
    for start in range(0, count, AT_ONCE):
        held += await asyncio.gather(*(_open(port) for _ in range(min(AT_ONCE, count - start))))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for writer in held:
        writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.port, arguments.count))
