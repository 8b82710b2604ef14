"""The plug-in detectors of all profiles: one process each, started when first needed, ended with the gateway."""

import sys
from collections.abc import Sequence

from .call import Call, Request
from .errors import GuardUnavailable
from .guards import Hit
from .guards.json_text import asked
from .guards.plugin import Plugin, PluginFailed
from .papers.guarding import Extra

_JSON_ROLES = frozenset({"tool", "arguments"})


class Plugins:
    """Bounded by what the configuration names. For one event loop."""

    def __init__(self) -> None:
        self._plugins: dict[tuple[str, str, float], Plugin] = {}

    async def told(self, call: Call, request: Request) -> dict[int, list[list[Hit]]]:
        """Return what the profile's plug-ins find in a request's texts: by index, in each of what they were `asked`."""
        shown = [asked(text.value, "tool_result" if text.role in _JSON_ROLES else "reply") for text in request.texts]
        answers = iter(await self.ask(call, [text for texts in shown for text in texts], "request"))
        found = {index: [next(answers) for _ in texts] for index, texts in enumerate(shown)}
        return {index: hits for index, hits in found.items() if any(hits)}

    async def ask(
        self, call: Call, texts: Sequence[str], where: str, silent: set[Extra] | None = None
    ) -> list[list[Hit]]:
        """Return what the profile's plug-ins for `where` find in each text.

        One that failed is noted in `silent`, and not asked again with it. Raises GuardUnavailable if the profile does
        not let calls pass without it.
        """
        found: list[list[Hit]] = [[] for _ in texts]
        for extra in call.profile.guarding.plugins if texts else ():
            if where not in extra.where or (silent is not None and extra in silent):
                continue
            try:
                answers = await self._plugin(extra).detect(texts)
            except PluginFailed as failed:
                call.decide("guard", "plugin_failed", rule=extra.factory, place=where)
                if extra.blocks:
                    raise GuardUnavailable(f"a detector failed ({failed}); nothing passes unscanned") from None
                if silent is not None:
                    silent.add(extra)
                continue
            found = [[*hits, *answer] for hits, answer in zip(found, answers, strict=True)]
        return found

    def _plugin(self, extra: Extra) -> Plugin:
        python = extra.python or sys.executable
        name = (extra.factory, python, extra.deadline_s)
        plugin = self._plugins.get(name)
        if plugin is None:
            plugin = self._plugins[name] = Plugin(extra.factory, deadline_s=extra.deadline_s, python=python)
        return plugin

    async def close(self) -> None:
        """End all processes."""
        for plugin in self._plugins.values():
            await plugin.close()
