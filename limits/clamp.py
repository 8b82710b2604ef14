"""How many output tokens a call may ask for: pure rules over what it wants and what is left (holds do not count).

wanted     the client's maximum, else the profile's default (with a thinking budget: that + the default)
ceiling    min(wanted, profile's maximum, model's maximum)
affordable what cap minus settled still buys in the tightest scope, a choice
output     min(ceiling, affordable); if that is below min(ceiling, floor), the call is refused
floor      thinking budget + 1,024, else the target's own, else 4,096 for reasoning models, else 256: it limits only how
           far we lower
"""

from msgspec import Struct

from .books import Affordable
from .prices import Price

OUTPUT_TOKENS_DEFAULT = 4_096
FLOOR = 256
FLOOR_REASONING = 4_096
FLOOR_ABOVE_THINKING = 1_024


class Wish(Struct, frozen=True, gc=False):
    """What a request asks of the output. None: not said. `choices` is `n`, at least 1; `floor` the target's own."""

    output_tokens: int | None = None
    thinking_tokens: int | None = None
    choices: int = 1
    reasoning: bool = False
    floor: int | None = None


class Clamped(Struct, frozen=True, gc=False):
    """The output tokens a choice to write into the request. `ceiling` is what it would be with money enough.

    `told` is true when it is below the client's own maximum: a header and the record say so.
    """

    output_tokens: int
    ceiling: int
    told: bool

    def reserve(self, wish: Wish) -> int:
        """Return the output tokens of all choices, as the hold takes them."""
        return self.output_tokens * wish.choices


class Short(Struct, frozen=True, gc=False):
    """Too little is left. `dimension` is what is short (nano_usd or a kind of tokens); figures are tokens a choice.

    `affordable` is always below `needed`, and below 0 where not even the input fits.
    """

    dimension: str
    affordable: int
    needed: int


def ceiling_of(
    wish: Wish,
    *,
    output_tokens_default: int = OUTPUT_TOKENS_DEFAULT,
    output_tokens_max: int | None = None,
    model_output_tokens_max: int | None = None,
) -> int:
    """Return the output tokens a choice that the call may have if nothing is short."""
    wanted = wish.output_tokens
    if wanted is None:
        wanted = output_tokens_default + (wish.thinking_tokens or 0)
    return min(wanted, *(limit for limit in (output_tokens_max, model_output_tokens_max) if limit is not None), wanted)


def floor_of(wish: Wish) -> int:
    """Return the output tokens below which lowering a call's maximum makes it useless."""
    if wish.thinking_tokens:
        return wish.thinking_tokens + FLOOR_ABOVE_THINKING
    if wish.floor is not None:
        return wish.floor
    return FLOOR_REASONING if wish.reasoning else FLOOR


def clamp(wish: Wish, ceiling: int, input_tokens: int, price: Price, left: Affordable) -> Clamped | Short:
    """Lower the output to what is affordable, or say what is short.

    `input_tokens` is the bound of the input. The result always fits `left`: in money by `price.bound`, and in tokens.
    """
    room = (
        ("nano_usd", price.output_tokens_for(left.nano, input_tokens)),
        ("input_tokens", ceiling * wish.choices if input_tokens <= left.input_tokens else -1),
        ("output_tokens", left.output_tokens),
        ("tokens", left.tokens - input_tokens),
    )
    dimension, tokens = min(room, key=lambda pair: pair[1])
    affordable = tokens // wish.choices
    needed = min(ceiling, floor_of(wish))
    if affordable < needed:
        return Short(dimension, affordable, needed)
    output = min(ceiling, affordable)
    told = wish.output_tokens is not None and output < wish.output_tokens
    return Clamped(output, ceiling, told)
