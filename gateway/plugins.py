"""The plug-in detectors of all profiles: one process each, started when first needed, ended with the gateway."""

import sys

from .call import Call, Request
from .errors import GuardUnavailable
from .guards import Hit
from .guards.plugin import Plugin, PluginFailed
from .papers.guarding import Extra


class Plugins:
    """Bounded by what the configuration names. For one event loop."""

    def __init__(self) -> None:
        self._plugins: dict[Extra, Plugin] = {}

    async def told(self, call: Call, request: Request) -> dict[int, list[Hit]]:
        """Return what the profile's plug-ins find in a request's texts, by index.

        Raises GuardUnavailable where one failed and the profile does not let calls pass without it.
        """
        found: dict[int, list[Hit]] = {}
        texts = [text.value for text in request.texts]
        for extra in call.profile.guarding.plugins:
            plugin = self._plugins.get(extra)
            if plugin is None:
                python = extra.python or sys.executable
                plugin = self._plugins[extra] = Plugin(extra.factory, deadline_s=extra.deadline_s, python=python)
            try:
                answers = await plugin.detect(texts)
            except PluginFailed as failed:
                call.decide("guard", "plugin_failed", rule=extra.factory)
                if extra.blocks:
                    raise GuardUnavailable(f"a detector failed ({failed}); nothing leaves unscanned") from None
                continue
            for index, hits in enumerate(answers):
                if hits:
                    found.setdefault(index, []).extend(hits)
        return found

    async def close(self) -> None:
        """End all processes."""
        for plugin in self._plugins.values():
            await plugin.close()
