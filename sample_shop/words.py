"""What the shop's people, companies and goods are called.

Invented; every name fits windows-1252 and has three letters or more.
"""

WOMEN = {
    "en": "Olivia Amelia Isla Avery Grace Freya Florence Emily Sophie Charlotte Elizabeth Margaret Katherine Susan "
    "Patricia "
    "Jennifer Victoria Rebecca Samantha Alexandra Christine Deborah Hannah Lucy Niamh Siobhán Zoë Chloë Abigail"
    " Jessica Priya Aisha Fatima Ngozi Meiling Harriet Imogen Rosalind Winifred Josephine",
    "fr": "Élodie Camille Chloé Manon Louise Aurélie Françoise Hélène Geneviève Margaux Noémie Sylvie",
    "de": "Anneliese Brigitte Claudia Franziska Greta Heike Ingrid Katrin Liesel Mareike Sabine Ursula",
}
MEN = {
    "en": "Oliver George Arthur Noah Theodore William Robert Richard James Thomas Michael Christopher Alexander "
    "Benjamin "
    "Daniel Matthew Andrew Edward Frederick Samuel Joseph Anthony Nicholas Timothy Ciarán Seán Oisín Mohammed Imran"
    " Rajesh Kwame Chidi Hiroshi Duncan Alasdair Rhys Gareth Stephen Peter Philip",
    "fr": "Étienne François Gérard Jérôme Loïc Mathieu Rémi Sébastien Théo Benoît Clément Hugo",
    "de": "Andreas Björn Dieter Günther Hans Jörg Klaus Lukas Matthias Rüdiger Stefan Udo-Max",
}
FAMILIES = {
    "en": "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White "
    "Roberts "
    "Green Hall Wood Jackson Clarke Khan Lewis Harris Clark Alder Cooper Ward Turner Hughes Morgan Moore Parker"
    " Edwards O'Brien O'Sullivan McCarthy MacDonald Begum Okafor Nakamura Singh Ahmed Fitzgerald Lloyd-Jones"
    " Pemberton Ashworth Hargreaves Featherstone Cholmondeley Winterbourne Holloway Thistlewood Marsh Penrose"
    " Trelawny Blackwood Sedgwick Cartwright Fairweather Larkspur Butterworth Oakley Hawthorne Rushworth Dunmore"
    " Kingsley Ravenscroft Whitlock Yardley",
    "fr": "Lefèvre Béranger Moreau Dubois Garçon Rousseau Chevalier Fontaine Mérieux Delacroix Renaud Tessier",
    "de": "Müller Schäfer Jäger König Weiß Vögel Brandt Hoffmann Lindner Krüger Baumgärtner Zimmermann",
}
NICKNAMES = {
    "Elizabeth": "Liz", "Margaret": "Maggie", "Katherine": "Kate", "Susan": "Sue", "Patricia": "Trish",
    "Jennifer": "Jenny", "Victoria": "Vicky", "Rebecca": "Becky", "Samantha": "Sam", "Alexandra": "Alex",
    "Christine": "Chris", "Deborah": "Debbie", "Josephine": "Josie", "Abigail": "Abby", "Jessica": "Jess",
    "William": "Bill", "Robert": "Bob", "Richard": "Rick", "James": "Jim", "Thomas": "Tom", "Michael": "Mike",
    "Christopher": "Chris", "Alexander": "Alex", "Benjamin": "Ben", "Daniel": "Dan", "Matthew": "Matt",
    "Andrew": "Andy", "Edward": "Ted", "Frederick": "Fred", "Samuel": "Sam", "Joseph": "Joe", "Anthony": "Tony",
    "Nicholas": "Nick", "Timothy": "Tim", "Theodore": "Theo", "Stephen": "Steve", "Philip": "Phil", "Sébastien": "Seb",
    "Franziska": "Franzi", "Matthias": "Matze", "Françoise": "Fanchon", "Mohammed": "Mo",
}  # fmt: skip
# country: share of people, language, names, time zone, cities and the start of their postal codes
COUNTRIES = {
    "GB": (
        0.78,
        "en",
        "Europe/London",
        "Leeds:LS Bristol:BS York:YO Glasgow:G Cardiff:CF Norwich:NR Exeter:EX London:SE",
    ),
    "IE": (0.06, "en", "Europe/Dublin", "Dublin:D Cork:T Galway:H"),
    "FR": (0.06, "fr", "Europe/Paris", "Lyon:690 Rennes:350 Lille:590"),
    "DE": (0.06, "de", "Europe/Berlin", "Köln:506 Bremen:281 Leipzig:041"),
    "US": (0.04, "en", "America/New_York", "Boston:021 Albany:122 Portland:041"),
}
STREETS = (
    "Mill Lane|Church Road|Station Approach|High Street|Orchard Close|Kings Avenue|Quay Side|Meadow View|Old Forge Yard"
)
MAIL_DOMAINS = ["mail.example", "post.example", "inbox.example", "example.com", "example.net", "example.org"]

COMPANY_FIRST = (
    "Oakfield Harbour Redbrick Silverline Northgate Copper Willow Granite Bluebell Summit Anchor Lantern Juniper Beacon"
)
COMPANY_SECOND = "Catering Hotels Café Interiors Events Bakery Hospitality Gifts Offices Foods"
INDUSTRIES = ["hospitality", "catering", "retail", "office", "events", "education"]
OWNERS = ["dana", "felix", "harriet", "omar"]
LEAD_SOURCES = ["webinar", "referral", "trade_fair", "web_form", "paid_social", "purchased_list"]

# category: price range in pounds, and what is sold
GOODS = {
    "coffee": (
        6,
        28,
        "House Blend|Single Origin|Espresso Roast|Decaf|Cold Brew Kit|Filter Papers|Hand Grinder|Pour-over Set",
    ),
    "tea": (4, 22, "Breakfast Tea|Earl Grey|Green Sencha|Chamomile|Tea Caddy|Glass Teapot|Strainer|Matcha Set"),
    "kitchen": (
        8,
        90,
        "Chef's Knife|Cast-iron Pan|Chopping Board|Mixing Bowl|Measuring Jug|Apron|Storage Jars|Pepper Mill",
    ),
    "table": (
        5,
        60,
        "Dinner Plate|Stoneware Mug|Linen Napkins|Water Carafe|Salad Servers|Candle Holder|Cake Stand|Egg Cups",
    ),
    "garden": (
        4,
        120,
        "Herb Seeds|Terracotta Pot|Pruning Shears|Watering Can|Bird Feeder|Garden Gloves|Trowel|Lantern",
    ),
    "home": (
        7,
        150,
        "Wool Blanket|Scented Candle|Picture Frame|Wicker Basket|Doormat|Cushion Cover|Table Lamp|Wall Clock",
    ),
    "toys": (5, 45, "Wooden Train|Jigsaw|Kite|Stacking Rings|Card Game|Paint Box|Puppet|Marble Run"),
    "beauty": (4, 40, "Hand Cream|Bath Salts|Soap Bar|Lip Balm|Beard Oil|Face Mist|Body Brush|Gift Box"),
}
SIZES = ["Small", "Classic", "Large"]
STORES = [
    "York Coppergate",
    "Leeds Kirkgate",
    "Bristol Harbour",
    "Norwich Lanes",
    "Glasgow West End",
    "London Kiosk 24h",
]

NEWSLETTERS = ["newsletter", "offers", "new_arrivals"]
SUBJECTS = ["Where is my parcel", "Broken on arrival", "Wrong size", "Question about an invoice", "Change of address"]
PRIORITIES = ["low", "normal", "high"]
RETURN_REASONS = ["too_small", "damaged", "changed_mind", "late", "not_as_described"]
WEBINAR_TITLES = ["Coffee for busy offices", "Stocking a gift corner", "Tables that sell", "Trade account walk-through"]
POSTS = [
    "Loving my new teapot from @samplecommerce!",
    "@samplecommerce my parcel is late again \\ud83d\\ude21",
    "Great service at the @samplecommerce kiosk",
    "Anyone know a code for @samplecommerce?",
    'The espresso roast is \\"superb\\" \\u2615 @samplecommerce',
]
PRAISE = [
    "Lovely as always",
    "Quick delivery",
    "Gute Qualität, gerne wieder",
    'Called it "perfect", and meant it',
    "Très bien",
]
COMPLAINT = [
    "Too many e-mails",
    "Late, and nobody answered",
    "Price went up; quality did not",
    "Arrived broken",
    "Never again",
]

AGENTS = {
    "web": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 "
    "Safari/537.36",
    "phone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile",
    "app": "SampleCommerce/4.2 (Android 14; Pixel 8)",
    "proxy": "Mozilla/5.0",  # what a mailbox provider that opens every message says of itself
    "scanner": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0 "
    "Safari/537.36",
}
