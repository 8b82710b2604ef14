# ruff: noqa: E501, RUF001 - a numbering is one line of the table
"""National and tax numbers written in digits alone: their countries' checks, shapes and words.

A number whose check (or date inside it) is strong stands by itself; a weak one needs its country's word, or a general one,
shortly before it. Each line names the law or authority that publishes the algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from . import checks_europe as europe
from . import checks_world as world
from .checksums import mod_11_10

_GENERAL = (
    r"national[ _\-]?(?:id|insurance|identi)|identity[ _\-]?(?:card|number|no)|\bid[ _\-]?(?:card|number|num|no|nr)\b|personal[ _\-]?(?:id|number|code)|"
    r"citizen|tax[ _\-]?(?:payer)?[ _\-]?(?:id|number|no|code)|government[ _\-]?id|\bnin\b|identification|ausweis|identidad|identit|national_?id"
)


@dataclass(frozen=True, slots=True)
class Numbering:
    """One country's number. `alone`: shapes (group sizes) in which it needs no word; `()` any grouping."""

    rule: str
    kind: str
    lengths: tuple[int, ...]
    valid: Callable[[str], bool]
    words: str
    source: str
    alone: frozenset[tuple[int, ...]] | None = None


def _shapes(*shapes: tuple[int, ...]) -> frozenset[tuple[int, ...]]:
    return frozenset(shapes)


NUMBERINGS: tuple[Numbering, ...] = (
    Numbering("br_cpf", "national_id", (11,), world.br_cpf, r"\bcpf\b", "Receita Federal, IN 1548", _shapes((3, 3, 3, 2), (9, 2))),
    Numbering("br_cnpj", "tax_id", (14,), world.br_cnpj, r"\bcnpj\b", "Receita Federal, IN 2119", _shapes((2, 3, 3, 4, 2))),
    Numbering("cn_ric", "national_id", (18,), world.cn_ric, r"身份证|身份證|resident id|\bric\b", "GB 11643-1999", _shapes((18,), (6, 8, 4), (6, 4, 4, 4))),
    Numbering("in_aadhaar", "national_id", (12,), world.in_aadhaar, r"aadh?aar|\buid(?:ai)?\b|आधार", "UIDAI", _shapes((4, 4, 4))),
    Numbering("fr_nir", "national_id", (15,), europe.fr_nir, r"\bnir\b|s.curit. sociale|\bins\b|num.ro de s.cu", "INSEE, décret 82-103", _shapes((15,), (1, 2, 2, 2, 3, 3, 2), (13, 2))),
    Numbering("fr_spi", "tax_id", (13,), europe.fr_spi, r"\bspi\b|num.ro fiscal|r.f.rence fiscale", "DGFiP"),
    Numbering("fr_siret", "tax_id", (14, 9), world.luhn_not_zero, r"\bsiret\b|\bsiren\b", "INSEE"),
    Numbering("de_idnr", "tax_id", (11,), europe.de_idnr, r"steuer|\bidnr\b|\btin\b|\bst-?id", "BZSt, §139b AO", _shapes((2, 3, 3, 3))),
    Numbering("be_nn", "national_id", (11,), europe.be_nn, r"rijksregister|registre national|niss|insz|national register", "Arrêté royal 1984-04-03", _shapes((2, 2, 2, 3, 2), (6, 3, 2))),
    Numbering("nl_bsn", "national_id", (9,), europe.nl_bsn, r"\bbsn\b|burgerservice|sofi", "Logisch ontwerp BSN"),
    Numbering("se_pnr", "national_id", (10, 12), europe.se_pnr, r"personnummer|\bpnr\b|samordningsnummer|personal identity", "Skatteverket SKV 704", _shapes((6, 4), (8, 4))),
    Numbering("no_fnr", "national_id", (11,), europe.no_fnr, r"f.dselsnummer|\bfnr\b|personnummer|d-nummer", "Skatteetaten", _shapes((11,), (6, 5))),
    Numbering("dk_cpr", "national_id", (10,), europe.dk_cpr, r"\bcpr\b|personnummer", "CPR-kontoret", _shapes((6, 4))),
    Numbering("pl_pesel", "national_id", (11,), europe.pl_pesel, r"\bpesel\b", "Ministerstwo Cyfryzacji", _shapes((11,))),
    Numbering("pl_nip", "tax_id", (10,), europe.pl_nip, r"\bnip\b", "Ministerstwo Finansów", _shapes((3, 3, 2, 2), (3, 2, 2, 3))),
    Numbering("cz_rc", "national_id", (10,), europe.cz_rc, r"rodn.|\br\x{10d}\b|birth number", "Zákon 133/2000 Sb.", _shapes((6, 4))),
    Numbering("ro_cnp", "national_id", (13,), europe.ro_cnp, r"\bcnp\b|cod numeric", "OUG 97/2005", _shapes((13,))),
    Numbering("bg_egn", "national_id", (10,), europe.bg_egn, r"\begn\b|егн", "ГД ГРАО"),
    Numbering("hr_oib", "national_id", (11,), mod_11_10, r"\boib\b", "Zakon o OIB, NN 60/08"),
    Numbering("si_emso", "national_id", (13,), europe.yu_jmbg, r"\bemso\b|\bem\x{161}o\b|\bjmbg\b|јмбг", "Zakon o CRP", _shapes((13,))),
    Numbering("ee_ik", "national_id", (11,), europe.ee_ik, r"isikukood|asmens kod|personal code", "Rahvastikuregister, EVS 585", _shapes((11,))),
    Numbering("lv_pk", "national_id", (11,), europe.lv_pk, r"personas kods", "PMLP", _shapes((6, 5))),
    Numbering("hu_taj", "national_id", (9,), europe.hu_taj, r"\btaj\b", "NEAK"),
    Numbering("gr_amka", "national_id", (11,), europe.gr_amka, r"\bamka\b|αμκα", "ΗΔΙΚΑ", _shapes((11,))),
    Numbering("gr_afm", "tax_id", (9,), europe.gr_afm, r"\bafm\b|αφμ", "ΑΑΔΕ"),
    Numbering("pt_nif", "tax_id", (9,), europe.pt_nif, r"\bnif\b|contribuinte", "AT, DL 14/2013"),
    Numbering("ch_ahv", "national_id", (13,), europe.ch_ahv, r"\bahv|\bavs\b|sozialversicherung", "ZAS/BSV", _shapes((3, 4, 4, 2), (13,))),
    Numbering("at_svnr", "national_id", (10,), europe.at_svnr, r"sozialversicherung|\bsvnr\b|sv-?n", "Dachverband SV", _shapes((4, 6))),
    Numbering("tr_kimlik", "national_id", (11,), world.tr_kimlik, r"kimlik|\btckn?\b|t\.c\.", "NVI", _shapes((11,))),
    Numbering("il_tz", "national_id", (9,), world.luhn_not_zero, r"teudat|זהות|israeli id", "Rashut ha-Ochlosin"),
    Numbering("za_id", "national_id", (13,), world.za_id, r"south african|\bsa id\b|\brsa id", "Home Affairs, Act 68/1997", _shapes((13,), (6, 4, 3), (6, 4, 2, 1))),
    Numbering("kr_rrn", "national_id", (13,), world.kr_rrn, r"주민등록|\brrn\b|resident registration", "행정안전부", _shapes((6, 7))),
    Numbering("jp_my_number", "national_id", (12,), world.jp_my_number, r"my ?number card|mynumber|マイナンバー|個人番号", "番号法施行令"),
    Numbering("au_tfn", "tax_id", (8, 9), world.au_tfn, r"\btfn\b|tax file", "ATO"),
    Numbering("au_medicare", "national_id", (10, 11), world.au_medicare, r"medicare", "Services Australia", _shapes((4, 5, 1))),
    Numbering("au_abn", "tax_id", (11,), world.au_abn, r"\babn\b", "ABR", _shapes((2, 3, 3, 3))),
    Numbering("ca_sin", "national_id", (9,), world.ca_sin, r"\bsin\b|social insurance|\bnas\b", "Service Canada"),
    Numbering("gb_nhs", "national_id", (10,), europe.gb_nhs, r"\bnhs\b", "NHS Data Dictionary"),
    Numbering("gb_utr", "tax_id", (10,), europe.gb_utr, r"\butr\b|unique taxpayer", "HMRC"),
    Numbering("us_itin", "tax_id", (9,), world.us_itin, r"\bitin\b", "IRS Pub. 1915", _shapes((3, 2, 4))),
    Numbering("us_ein", "tax_id", (9,), world.us_ein, r"\bein\b|employer id|\bfein\b|federal tax", "IRS Pub. 1635", _shapes((2, 7))),
    Numbering("us_npi", "national_id", (10,), world.us_npi, r"\bnpi\b|national provider", "CMS, 45 CFR 162.406"),
    Numbering("ar_cuit", "tax_id", (11,), world.ar_cuit, r"\bcui[tl]\b", "AFIP RG 10/97", _shapes((2, 8, 1))),
    Numbering("ar_dni", "national_id", (7, 8), world.any_digits, r"\bdni\b|documento nacional", "RENAPER"),
    Numbering("co_nit", "tax_id", (10,), world.co_nit, r"\bnit\b", "DIAN", _shapes((3, 3, 3, 1))),
    Numbering("co_cc", "national_id", (8, 10), world.any_digits, r"c.dula|\bcc\b", "Registraduría"),
    Numbering("ec_ci", "national_id", (10,), world.ec_ci, r"c.dula", "Registro Civil"),
    Numbering("th_pin", "national_id", (13,), world.th_pin, r"thai|ประชาชน", "DOPA", _shapes((1, 4, 5, 2, 1))),
    Numbering("id_nik", "national_id", (16,), world.id_nik, r"\bnik\b|\bktp\b|kependudukan", "Dukcapil, UU 23/2006"),
    Numbering("my_nric", "national_id", (12,), world.my_nric, r"mykad|\bnric\b|kad pengenalan|\bic\b", "JPN", _shapes((6, 2, 4))),
    Numbering("pk_cnic", "national_id", (13,), world.any_digits, r"\bcnic\b", "NADRA", _shapes((5, 7, 1))),
    Numbering("ru_inn", "tax_id", (10, 12), world.ru_inn, r"\binn\b|инн", "ФНС, ММВ-7-6/435"),
    Numbering("ru_snils", "national_id", (11,), world.ru_snils, r"снилс|snils", "СФР", _shapes((3, 3, 3, 2))),
    Numbering("ua_rnokpp", "tax_id", (10,), world.ua_rnokpp, r"рнокпп|\bipn\b|іпн", "ДПС"),
    Numbering("kz_iin", "national_id", (12,), world.kz_iin, r"\biin\b|иин|жсн", "НБД ФЛ"),
    Numbering("eg_nn", "national_id", (14,), world.eg_nn, r"الرقم القومي|egypt", "Egyptian Civil Status", _shapes((14,))),
    Numbering("it_piva", "tax_id", (11,), world.luhn_not_zero, r"partita iva|p\.? ?iva", "Agenzia delle Entrate"),
    Numbering("us_ssn_tax", "tax_id", (9,), world.any_digits, r"\btin\b|taxpayer id", "IRS, TIN"),
)  # fmt: skip

GENERAL_WORDS = _GENERAL
_BY_LENGTH = {
    length: tuple((index, entry) for index, entry in enumerate(NUMBERINGS) if length in entry.lengths)
    for length in range(7, 19)
}


def named(words: Container[int], digits: str) -> tuple[str, str] | None:
    """Kind and rule of a valid number whose country's own word stands before it; `words` are indexes of NUMBERINGS."""
    for index, entry in _BY_LENGTH.get(len(digits), ()):
        if index in words and entry.valid(digits):
            return entry.kind, f"{entry.kind}.{entry.rule}"
    return None


def telling(digits: str, sizes: tuple[int, ...], *, general: bool) -> tuple[str, str] | None:
    """Kind and rule of a valid number that its own shape, or a general word for such numbers, gives away."""
    spaced = len(sizes) == len(digits)
    for _, entry in _BY_LENGTH.get(len(digits), ()):
        alone = entry.alone is not None and (sizes in entry.alone or (spaced and (len(digits),) in entry.alone))
        if (alone or (general and entry.valid is not world.any_digits)) and entry.valid(digits):
            return entry.kind, f"{entry.kind}.{entry.rule}"
    return None
