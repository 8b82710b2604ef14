"""The commented `tollhouse.yaml` that `tollhouse init` writes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of upstream that `init` knows: what is written for it unless the user says otherwise."""

    name: str
    kind: str
    base_url: str
    model: str
    secret: str
    price: bool
    private: bool


KINDS = {
    "openai": Kind("openai", "openai", "https://api.openai.com/v1", "gpt-4o-mini", "OPENAI_API_KEY", False, False),
    "vllm": Kind("vllm", "openai_compatible", "http://127.0.0.1:8000/v1", "", "", True, True),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the file is written for."""

    kind: Kind
    base_url: str
    model: str


def template(choice: Choice) -> str:
    """Return the file's text."""
    kind = choice.kind
    private = kind.private or choice.base_url.startswith("http://")
    key = f"    api_key: env/{kind.secret}          # or file/PATH; the key itself is never written here\n"
    prices = (
        '    price: {input_usd_per_million: "0", output_usd_per_million: "0"}   # what a token costs you\n'
        if kind.price
        else '    # price: {input_usd_per_million: "0.15", output_usd_per_million: "0.60"}  # instead of the known\n'
    )
    return f"""\
# Tollhouse. Every setting, its bounds and its default: docs/settings.md. What it all means, resolved: tollhouse check

listen: {{host: 127.0.0.1, port: 4000}}
folder: ./tollhouse-data                 # the book, state and the signing key
# master_key: file/PATH                  # without it, one is kept in ./tollhouse-data.master.key

upstreams:
  - name: {kind.name}
    kind: {kind.kind}
    base_url: {choice.base_url}
{key if kind.secret else "    # api_key: env/NAME                 # if the server wants one" + chr(10)}\
{"    private_addresses: true              # it is in your own network" + chr(10) if private else ""}\

models:
  - name: {choice.model}                 # what clients ask for
    targets: [{{upstream: {kind.name}, model: {choice.model}}}]
{prices}\
    stored_answer: "We are having trouble reaching the model. Please try again in a few minutes."

# A key has a profile. Three are built in (default, support, research); what is written here changes them.
profiles:
  - name: default
    call: {{usd: "1.00"}}                  # most that one call may cost
    run: {{tokens: 50000, usd: "0.50", steps: 10}}    # limits of one declared run of an agent

# Tenants and keys: tollhouse tenants create, tollhouse keys create; or declared here, and then read-only for the API.
"""
