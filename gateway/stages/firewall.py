"""Tools that a request offers: only those that the profile allows."""

from ..call import Call, Reply
from ..errors import ToolNotAllowed
from ..stage import CallStage


class Firewall(CallStage):
    """Looks at what is offered."""

    async def admit(self, call: Call) -> Reply | None:
        """Refuse a request that offers a tool outside the profile's allow-list."""
        request = call.clear
        if request is not None:
            for tool in request.tools:
                if not tool.hosted and not call.profile.allows_tool(tool.name):
                    raise ToolNotAllowed(
                        f"profile {call.profile.name} does not allow the tool {tool.name[:64]}", param="tools"
                    )
        return None
