"""Words of names: titles, particles, placeholders, legal forms. All in small letters."""

import regex

TITLES = frozenset(
    """mr mr. mrs mrs. ms ms. miss mx mx. dr dr. prof prof. professor sir dame rev rev. reverend herr hr. frau fr.
    fräulein dipl.-ing. dipl.-kfm. ing. mag. mme mme. mlle mlle. monsieur madame mademoiselle maître sig sig. sig.ra
    signor signora signore dott dott. dott.ssa avv. sr sr. sra sra. srta srta. señor señora señorita doña dña. senhor
    senhora exmo. exma. dhr dhr. mevr mevr. mevrouw meneer mw. drs drs. ir. pani mgr. bc. mudr. judr. rndr. phdr. doc.
    hra rouva fru г-н г-жа господин госпожа д-р пан пані κ. κα κος δρ. sayın sn. sheikh shri smt. smt 先生
    นาย นาง นางสาว คุณ""".split()  # noqa: SIM905 - readable as words
)
AFTER = frozenset(
    "phd ph.d. ph.d md m.d. mba msc m.sc. bsc b.sc. ll.m. llm m.a. b.a. esq esq. cpa dds cfa".split()  # noqa: SIM905
)
HONORIFICS = regex.compile(r"(?<=.)(?:さん|様|さま|殿|先生|女士|小姐|씨|님)$")
GENERATIONS = {"jr": "Jr", "jr.": "Jr.", "sr": "Sr", "sr.": "Sr.", "ii": "II", "iii": "III", "iv": "IV", "vi": "VI"}
# lower within a surname and at its beginning; those of ARTICLES have a capital at the beginning
PARTICLES = frozenset(
    """van von der den de da do dos das del du des d ter ten te ver vom zu zum zur und am im av af y e i op 't 's la
    las los le el al bin ibn bint binti di della dello delle degli dei dalla lo""".split()  # noqa: SIM905
)
ARTICLES = frozenset(
    "la las los le el al di della dello delle degli dei dalla lo e i y am im d bin ibn".split()  # noqa: SIM905
)
CAPITAL_PARTICLES = frozenset({"IT", "BE", "US", "AU", "ZA"})  # where the first particle of a surname is written so
NO_PARTICLES = frozenset({"VN", "KR", "CN", "TW", "SG"})  # there Van, Le and De are names
TURKISH = frozenset({"TR", "AZ"})
NAME_COUNTRIES = CAPITAL_PARTICLES | NO_PARTICLES | TURKISH
MACS = frozenset(
    """alister allister arthur askill aulay beth bride cormack donald donell dougall dougal duff eachern ewan ewen
    farlane fie gillivray gregor innes intosh intyre iver kay kellar kendrick kenna kenzie kinlay kinley kinnon lachlan
    laren lean lellan lennan leod manus master millan murray nab nair naughton neil neill nicol niven phail phee pherson
    quarrie queen rae swain taggart tavish vicar william""".split()  # noqa: SIM905
)
PLACEHOLDERS = frozenset(
    """unknown unbekannt inconnu inconnue desconocido desconocida sconosciuto sconosciuta onbekend okänd ukjent ukendt
    tuntematon nieznany nieznana neznámý неизвестно неизвестный невідомо άγνωστο 不明 未知 無名 알수없음
    bilinmiyor n/a n.a. n.a #n/a #name? #ref! nan undefined anonymous anonym anonyme anónimo anonimo anoniem noname
    nobody asdf asdfgh qwerty qwertz azerty tbd tba todo firstname lastname vorname nachname prénom nombre apellido
    voornaam achternaam cognome foo bar foobar xxx dummy tester testing testuser test123 dontcontact deleted gelöscht
    leer keine kein""".split()  # noqa: SIM905
) | frozenset({"no name", "first name", "last name", "not known", "not provided", "not given", "john doe test", "k. a.",
               "k.a.", "nom de famille", "(none)", "(unknown)", "[deleted]", "<null>", "(null)", "无名", "do not use",
               "nicht bekannt", "keine angabe", "non renseigné", "sin nombre"})  # fmt: skip
# real names of some; a placeholder only where the other part is one too, or is not given
PERHAPS_PLACEHOLDERS = frozenset(
    "test null none guest customer user name admin kunde client gast void nul temp".split()  # noqa: SIM905
)
LEGAL_FORMS = regex.compile(
    r"(?:^|[\s,])(?:gmbh(?: & co\.? kgaa| & co\.? kg)?|mbh|ltd\.?|limited|llc|l\.l\.c\.|llp|inc\.?|incorporated|corp\.?"
    r"|corporation|plc|p\.l\.c\.|kgaa|ohg|gbr|e\.k\.|e\.v\.|e\.g\.|s\.a\.|s\.a\.s\.|s\.a\.r\.l\.|sarl|s\.r\.l\.|srl"
    r"|s\.p\.a\.|s\.l\.|s\.l\.u\.|b\.v\.|n\.v\.|oyj|a/s|aps|sp\. ?z ?o\. ?o\.?|kft\.?|zrt\.?|s\.r\.o\.|d\.o\.o\.|pty"
    r"|pvt|ltda\.?|lda\.?|eirl|ооо|оао|зао|пао|тов|l\.p\.|haftungsbeschränkt|\(haftungsbeschränkt\))$",
    regex.IGNORECASE,
)
SHORT_LEGAL_FORMS = regex.compile(r"[\s,](?:AG|KG|SA|SAS|SE|SpA|SPA|BV|NV|AB|AS|OY|Oy|UG|SL|KK|eG|EIRL|VOF|CIC)$")
EAST_ASIAN_COMPANIES = regex.compile(r"株式会社|有限会社|合同会社|有限公司|주식회사|유한회사|\(주\)|（株）")
COMPANY_WORDS = frozenset(
    """company holding holdings stadtwerke autohaus apotheke university universität université universidad verein
    gemeinde gemeente mairie council bank versicherung insurance hotel restaurant gasthof praxis kanzlei schule school
    logistics consulting solutions services international industries enterprises""".split()  # noqa: SIM905
)
