"""Made-up people: names by script and numbers nobody owns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class NameStock:
    """Names of one place, parted by `|`; `family_first` and the joiner follow its custom."""

    given: str
    family: str
    family_first: bool = False
    joiner: str = " "


_STOCKS: dict[str, NameStock] = {
    "polish": NameStock(
        given="Łucja|Małgorzata|Paweł|Żaneta|Michał|Zofia|Grzegorz|Agnieszka|Jędrzej|Iwona",
        family="Wiśniewska|Dąbrowski|Kowalczyk|Zieliński|Szymańska|Woźniak|Kamiński|Nowak",
    ),
    "spanish": NameStock(
        given="José|María|Andrés|Sofía|Camilo|Lucía|Ángela|Íñigo|Begoña|Julián|Mónica",
        family="Rodríguez|Gómez Peña|Muñoz|Castañeda|Ibáñez|de la Cruz|Ríos|Ortiz",
    ),
    "filipino": NameStock(
        given="Maricel|Jomar|Rowena|Dalisay|Bayani|Ligaya|Arvin|Jocelyn|Rodel|Niño|Cherry",
        family="Santos|Dela Cruz|Bautista|Magsaysay|Macaraeg|Villanueva|Aquino|Peña",
    ),
    "american": NameStock(
        given="Jordan|Aaliyah|Connor|Siobhán|Tyrone|Renée|Emily|Marcus|Zoë|Dakota|Chloë",
        family="Smith|O'Connor|Washington|Nguyen|García-Lee|Müller|Johnson|D'Angelo",
    ),
    "devanagari": NameStock(
        given="प्रिया|राहुल|अनन्या|विक्रम|श्रेया|कृष्ण|मीनाक्षी|अर्जुन|दीपिका|ज्योति",
        family="शर्मा|वर्मा|अय्यर|गुप्ता|जोशी|मिश्रा|सिंह|द्विवेदी",
    ),
    "indian": NameStock(
        given="Priya|Rahul|Ananya|Vikram|Shreya|Arjun|Deepika|Lakshmi|Imran|Fatima",
        family="Sharma|Iyer|Reddy|Gupta|Nair|Khan|Kulkarni|Subramanian",
    ),
    "chinese": NameStock(
        given="伟|芳|秀英|敏|建国|丽娟|志强|雪梅|浩然|思远",
        family="王|李|张|刘|陈|欧阳|司马|赵",
        family_first=True,
        joiner="",
    ),
    "arabic": NameStock(
        given="أحمد|فاطمة|يوسف|مريم|خالد|ليلى|عمر|نور|سلمى|طارق",
        family="الخطيب|حداد|المصري|عبد الرحمن|الزهراني|منصور|بن سعيد",
    ),
}

# Which names a site hires, with their share.
SITE_NAMES: dict[str, dict[str, float]] = {
    "KRK": {"polish": 0.8, "arabic": 0.12, "american": 0.08},
    "MNL": {"filipino": 0.8, "chinese": 0.2},
    "BOG": {"spanish": 1.0},
    "CHI": {"american": 0.6, "spanish": 0.2, "chinese": 0.1, "arabic": 0.1},
    "BLR": {"devanagari": 0.45, "indian": 0.45, "arabic": 0.1},
}


def full_name(site: str, rng: np.random.Generator) -> str:
    """A name as that site would write it."""
    shares = SITE_NAMES[site]
    stock = _STOCKS[str(rng.choice(list(shares), p=list(shares.values())))]
    given = str(rng.choice(stock.given.split("|")))
    family = str(rng.choice(stock.family.split("|")))
    return stock.joiner.join((family, given) if stock.family_first else (given, family))


def phone(number: int) -> str:
    """A number from the range kept for fiction (555-0100 to 555-0199 of every area)."""
    return f"+1{200 + number // 100 % 800:03d}55501{number % 100:02d}"
