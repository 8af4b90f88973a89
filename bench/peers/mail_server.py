"""aiosmtpd that takes every message and keeps none; prints its port.

`VRFY arrived` is answered with their number and their bytes.
"""

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP


class Handler:
    arrived = size = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        self.arrived, self.size = self.arrived + 1, self.size + len(envelope.original_content)
        return "250 OK"

    async def handle_VRFY(self, server: Any, session: Any, envelope: Any, address: str) -> str:  # noqa: N802
        return f"252 {self.arrived} {self.size}"


async def serve() -> None:
    handler = Handler()
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="mail.example.com"), "127.0.0.1", 0
    )
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
