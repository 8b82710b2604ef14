"""What Guard does with a tool call that passes by itself: its arguments on the way down, its result on the way up."""

from collections.abc import Sequence

from ..call import Call, Request, ToolCall
from ..dialects.strict import decode
from ..guards import Finding, Hit, Policy, Redactor, Vault
from ..guards.arguments import remembered, restore_arguments
from ..guards.json_text import overlay, redact_json, redacted
from ..guards.policy import KINDS, Direction
from ..guards.reply import ToolTerms
from ..policies import observing


def released_request(
    call: Call,
    clear: Request,
    executes: ToolCall,
    *,
    redactor: Redactor,
    terms: ToolTerms,
    vault: Vault,
    told: Sequence[Sequence[Hit]] = (),
) -> tuple[Request, list[Finding]]:
    """Return a tool call as the tool gets it: values only in the arguments that the configuration names.

    A tool that remembers gets what the policy says of `memory`, and one that runs at the client is told. `told` are
    hits of plug-ins, in what they were `asked` of the arguments as they came.
    """
    arguments = executes.arguments
    findings: list[Finding] = []
    direction: Direction = "memory" if terms.remembers else "tool_arguments"
    if any(told):
        arguments, findings = overlay(redactor, arguments, terms.kinds, vault, direction, told=told)
    if terms.remembers:
        forms, found = remembered(redactor, arguments, terms.kinds, vault)
        released = forms.released
    else:
        names = frozenset(call.model.settings.restore)
        hosts = call.profile.allow_restore_hosts
        forms = restore_arguments(arguments, vault, mode="named", names=names, hosts=hosts)
        released, found = redact_json(redactor, forms.released, terms.kinds, vault, direction)
    findings += found
    if released == executes.arguments and not terms.remembers:
        return clear, findings
    tree = decode(released.encode())
    return clear.with_members({"arguments": tree, **({"allowed": tree} if terms.remembers else {})}), findings


def released_result(
    call: Call, text: str, *, redactor: Redactor, policy: Policy, vault: Vault
) -> tuple[str, list[Finding]]:
    """Return a tool's result, which is untrusted, as its caller gets it.

    Outside a declared run no placeholder could ever be restored: then `tokenize` only observes, and the value is
    tokenized when the result goes to a model.
    """
    policy = policy if call.run is not None else observing(policy)
    return redacted(redactor, text, policy, vault, "tool_result")


def masked(arguments: str) -> str:
    """Return arguments with all that guards find masked: for people who decide, and for webhooks."""
    return redacted(Redactor(), arguments, _MASKING, Vault(), "tool_arguments")[0]


_MASKING = Policy({kind: {"tool_arguments": "mask"} for kind in KINDS})
