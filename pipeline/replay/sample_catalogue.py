"""What the invented shop sells, and where to: names, codes and prices of our own making."""

from __future__ import annotations

import random
from itertools import product
from typing import NamedTuple

_SIZE = 3_000
_FINISHES = (
    "BRUSHED", "CARVED", "CHECKED", "CRINKLED", "EMBOSSED", "FOLDED", "FROSTED", "GLAZED", "HAMMERED", "MARBLED",
    "PLEATED", "QUILTED", "RIBBED", "SCALLOPED", "SPECKLED", "STITCHED", "TWISTED", "WOVEN",
)  # fmt: skip
_COLOURS = (
    "AMBER", "CHALK", "CHARCOAL", "COPPER", "CORAL", "DUSK", "INDIGO", "LICHEN", "MOSS", "OCHRE", "PEARL", "PLUM",
    "RUST", "SAGE", "SKY", "TEAL",
)  # fmt: skip
# What it is, and its price in pence, give or take.
_THINGS = {
    "APRON": 695, "BARK FRAME": 425, "BOOKEND": 550, "BUTTER KNIFE": 145, "CANDLE SNUFFER": 210, "COASTER": 65,
    "COAT PEG": 165, "DOOR WEDGE": 325, "DRAUGHT STOPPER": 495, "EGG CRADLE": 125, "FELT GARLAND": 295,
    "FLASK": 850, "FOOT STOOL": 1995, "FRUIT NET": 185, "GLASS CLOCHE": 1250, "HERB DRYER": 375, "JAR LID": 42,
    "JUG": 595, "KEY TRAY": 225, "LAP RUG": 1450, "LETTER RACK": 395, "LUNCH TIN": 340, "MATCH POT": 115,
    "NAPKIN BAND": 55, "NOTEBOOK": 125, "OVEN MITT": 265, "PAPER FAN": 85, "PEN STAND": 175, "PLANT MISTER": 475,
    "PUZZLE CUBE": 185, "RECIPE WALLET": 310, "SALT PIG": 520, "SEED ENVELOPE": 39, "SERVING BOARD": 995,
    "SOAP REST": 145, "SPICE SPOON": 75, "STRING TIN": 240, "TEA CADDY": 435, "TRINKET BOWL": 195, "WALL POCKET": 365,
    "WATER BOTTLE COVER": 375, "WINDOW STAR": 85, "WRAPPING SHEET": 29,
}  # fmt: skip
_ENDINGS = (
    "", "", "", " LARGE", " SMALL", " SET OF 2", " SET OF 4", ", BOXED", " WITH LOOP", ' 12"',
    " IN GIFT BAG", " REFILL",
)  # fmt: skip
_RENAMED = 0.04  # of the products go by a second name now and then
_LETTERS = "ABCDEFGHJKLMNPRSTW"

# United Kingdom first, then ever fewer orders.
COUNTRIES = (
    "United Kingdom", "Germany", "France", "EIRE", "Spain", "Netherlands", "Belgium", "Switzerland", "Portugal",
    "Australia", "Norway", "Italy", "Sweden", "Finland", "Denmark", "Austria", "Channel Islands", "Poland", "Japan",
    "Cyprus", "Greece", "Iceland", "USA", "Canada", "Singapore", "Israel", "Hong Kong", "Malta", "Czech Republic",
    "Lithuania", "United Arab Emirates", "Brazil", "Lebanon", "RSA", "Bahrain", "Saudi Arabia", "Slovenia",
    "Unspecified",
)  # fmt: skip

# Notes that the warehouse's people leave instead of a product's name.
STOCK_NOTES = ("count differs", "torn carton", "found on shelf 9", "wet box", "sent back unsold", "?", "for the fair")


class Product(NamedTuple):
    """A code, its name and now and then another one (as CSV cells), its price in tenths of pence."""

    code: str
    name: str
    other_name: str
    price: int


POSTAGE = Product("POST", "POSTAGE AND PACKING", "POSTAGE AND PACKING", 18_000)
BY_HAND = Product("M", "Entered by hand", "Entered by hand", 5_000)
BAD_DEBT = Product("B", "Bad debt written off", "Bad debt written off", 0)


def catalogue() -> tuple[list[Product], list[float]]:
    """Every product, and the running total of their shares of demand, which falls with rank as Zipf found.

    It is the same for every sample. Names hold commas, inch signs and pound signs, as people's names for goods do.
    """
    chance = random.Random("catalogue")  # noqa: S311 - chance that repeats
    names = [" ".join(words) for words in product(_FINISHES, _COLOURS, _THINGS)]
    codes = chance.sample(range(30_000, 80_000), _SIZE)
    products = []
    for code, base in zip(codes, chance.sample(names, _SIZE), strict=True):
        thing = " ".join(base.split(" ")[2:])
        name = base + chance.choice(_ENDINGS)
        if chance.random() < 0.02:  # noqa: PLR2004 - one product in fifty
            name = f"£{chance.choice((2, 5, 10))} SURPRISE {thing}"
        other = f"{base} *NEW*" if chance.random() < _RENAMED else name
        letter = chance.choice(_LETTERS) if chance.random() < 0.1 else ""  # noqa: PLR2004 - one in ten has a variant
        price = max(1, round(_THINGS[thing] * chance.lognormvariate(0, 0.25) / 5)) * 50
        products.append(Product(f"{code}{letter}", _cell(name), _cell(other), price))
    # One best seller with a pound sign: even a small sample has it.
    products[25] = products[25]._replace(name="£5 SURPRISE PARCEL", other_name="£5 SURPRISE PARCEL")
    total, running = 0.0, []
    for rank in range(_SIZE):
        total += 1 / (rank + 12) ** 0.85
        running.append(total)
    return products, running


def _cell(text: str) -> str:
    """A text as a CSV cell."""
    if '"' in text:
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return f'"{text}"' if "," in text else text
