"""What the shop's people, companies and goods are called.

Invented; the names of people stand in contacts/names.csv.
"""

# name in Latin letters: what its bearers are also called
NICKNAMES = {
    "Elizabeth": "Liz|Beth", "Margaret": "Maggie|Peggy", "Katherine": "Kate|Kathy", "Catherine": "Cath|Katie",
    "Kathleen": "Kath|Kathy", "Susan": "Sue|Susie", "Patricia": "Trish|Pat", "Jennifer": "Jenny|Jen",
    "Victoria": "Vicky|Tori", "Rebecca": "Becky|Bex", "Samantha": "Sam|Sammy", "Alexandra": "Alex|Sandra",
    "Christine": "Chris|Chrissie", "Christina": "Tina|Chris", "Deborah": "Debbie|Deb", "Josephine": "Josie|Jo",
    "Abigail": "Abby|Abi", "Jessica": "Jess|Jessie", "Jacqueline": "Jackie|Jacqui", "Pamela": "Pam",
    "Barbara": "Babs|Barb", "Gillian": "Gill|Jill", "Kimberley": "Kim", "Amanda": "Mandy", "Joanne": "Jo",
    "Stephanie": "Steph", "Nicola": "Nicky", "Natalie": "Nat", "Charlotte": "Lottie|Charlie", "Emily": "Em|Emmy",
    "Eleanor": "Ellie|Nell", "Isabella": "Bella|Izzy", "Olivia": "Liv|Livvy", "Dorothy": "Dot|Dolly",
    "Theresa": "Terry|Tess", "Lesley": "Les", "Maureen": "Mo", "Valerie": "Val", "Georgina": "George|Georgie",
    "Frances": "Fran|Frankie", "Rosalind": "Ros", "Winifred": "Win|Freda", "Imogen": "Immy", "Bridget": "Bridie|Biddy",
    "William": "Bill|Will", "Robert": "Bob|Rob", "Richard": "Rick|Dick", "James": "Jim|Jamie", "Thomas": "Tom|Tommy",
    "Michael": "Mike|Mick", "Christopher": "Chris|Kit", "Alexander": "Alex|Sandy", "Benjamin": "Ben|Benji",
    "Daniel": "Dan|Danny", "Matthew": "Matt|Matty", "Andrew": "Andy|Drew", "Edward": "Ted|Eddie",
    "Frederick": "Fred|Freddie", "Samuel": "Sam|Sammy", "Joseph": "Joe|Joey", "Anthony": "Tony|Ant",
    "Nicholas": "Nick|Nicky", "Timothy": "Tim|Timmy", "Theodore": "Theo|Ted", "Stephen": "Steve|Ste",
    "Steven": "Steve", "Philip": "Phil|Pip", "David": "Dave|Davey", "Peter": "Pete", "John": "Jack|Johnny",
    "Jonathan": "Jon|Jonny", "Kenneth": "Ken|Kenny", "Ronald": "Ron|Ronnie", "Donald": "Don|Donnie",
    "Raymond": "Ray", "Leonard": "Len|Lenny", "Gerald": "Gerry", "Geoffrey": "Geoff", "Gregory": "Greg",
    "Douglas": "Doug", "Charles": "Charlie|Chas", "Henry": "Harry|Hal", "Francis": "Frank|Frankie", "Simon": "Si",
    "Stuart": "Stu", "Terence": "Terry|Tel", "Lawrence": "Larry|Laurie", "Albert": "Bert|Al", "Arthur": "Art",
    "Archibald": "Archie", "Alasdair": "Al", "Duncan": "Dunc", "Patrick": "Pat|Paddy", "Padraig": "Podge",
    "Brendan": "Bren", "Vincent": "Vince|Vinny", "Martin": "Mart", "Maximilian": "Max", "Oliver": "Ollie|Olly",
    "Sebastien": "Seb|Bastien", "Francoise": "Fanchon", "Stephane": "Steph", "Nathalie": "Nath", "Philippe": "Phil",
    "Franziska": "Franzi|Ziska", "Katharina": "Kathi|Katha", "Johannes": "Hannes|Jan", "Matthias": "Matze|Hias",
    "Wolfgang": "Wolf", "Andreas": "Andi", "Stefanie": "Steffi", "Susanne": "Susi|Sanne", "Ursula": "Uschi|Ulla",
    "Claudia": "Clau", "Maria": "Mia", "Jose": "Pepe", "Francisco": "Paco|Fran", "Dolores": "Lola", "Carmen": "Menchu",
    "Isabel": "Isa|Chabela", "Manuel": "Manolo", "Antonio": "Toni", "Giuseppe": "Beppe|Pino", "Giovanni": "Gianni",
    "Francesca": "Checca|Franca", "Alessandro": "Ale|Sandro", "Lorenzo": "Renzo", "Katarzyna": "Kasia",
    "Malgorzata": "Gosia", "Agnieszka": "Aga", "Krzysztof": "Krzys", "Tomasz": "Tomek", "Joanna": "Asia|Joasia",
    "Cornelia": "Corrie", "Hendrik": "Henk", "Willem": "Wim", "Pieter": "Piet", "Mohammed": "Mo", "Ibrahim": "Ibo",
    "Mustafa": "Mus", "Fatima": "Fati", "Rajesh": "Raj", "Sanjay": "Sanj", "Lakshmi": "Lucky", "Chinedu": "Nedu",
    "Emmanuel": "Emeka|Manny", "Oluwaseun": "Seun", "Margareta": "Greta", "Elisabeth": "Lisbet|Elsa",
}  # fmt: skip
HOBBIES = (
    "teapot runner gardener redkite bluebird chef moonlight wanderer cyclist bookworm oldoak kittycat pianist sailor"
    " skylark walker knitter baker surfer gamer starling hedgehog wildrose fox biker fisherman quilter drummer"
)
# country: share of households, language, time zone, cities and the start of their postal codes
COUNTRIES = {
    "GB": (
        0.75,
        "en",
        "Europe/London",
        "Leeds:LS Bristol:BS York:YO Glasgow:G Cardiff:CF Norwich:NR Exeter:EX London:SE Hull:HU Derby:DE Bath:BA"
        " Preston:PR Perth:PH Swansea:SA Oxford:OX Brighton:BN",
    ),
    "IE": (0.055, "en", "Europe/Dublin", "Dublin:D Cork:T Galway:H"),
    "FR": (0.05, "fr", "Europe/Paris", "Lyon:690 Rennes:350 Lille:590 Nantes:440"),
    "DE": (0.05, "de", "Europe/Berlin", "Köln:506 Bremen:281 Leipzig:041 Mainz:551"),
    "ES": (0.015, "es", "Europe/Madrid", "Sevilla:410 Bilbao:480"),
    "IT": (0.015, "it", "Europe/Rome", "Torino:101 Bologna:401"),
    "PL": (0.012, "pl", "Europe/Warsaw", "Kraków:30- Gdańsk:80-"),
    "NL": (0.012, "nl", "Europe/Amsterdam", "Utrecht:35 Haarlem:20"),
    "SE": (0.006, "sv", "Europe/Stockholm", "Uppsala:753 Malmö:211"),
    "GR": (0.005, "el", "Europe/Athens", "Patra:262 Volos:382"),
    "US": (0.03, "en", "America/New_York", "Boston:021 Albany:122 Portland:041"),
}
STREET_NAMES = (
    "Mill Church Station High Orchard Kings Quay Meadow Forge Victoria Albert Park London York Garden Chapel Bridge"
    " Castle Manor Queen Elm Oak Beech Willow Springfield North South West School Farm Windmill Abbey Market Grange"
)
STREET_KINDS = {"Lane": "Ln", "Road": "Rd", "Street": "St", "Close": "Cl", "Avenue": "Ave", "Drive": "Dr",
                "Way": "Way", "Gardens": "Gdns", "Terrace": "Ter"}  # fmt: skip
MAIL_DOMAINS = ["mail.example", "post.example", "inbox.example", "letters.example", "example.com", "example.net",
                "example.org"]  # fmt: skip

COMPANY_FIRST = (
    "Oakfield Harbour Redbrick Silverline Northgate Copper Willow Granite Bluebell Summit Anchor Lantern Juniper Beacon"
    " Riverside Kestrel Orchard Compass Thistle Amber Marble Foxglove Castle Meadow Regent Crescent Fountain Hilltop"
)
COMPANY_SECOND = (
    "Catering Hotels Café Interiors Events Bakery Hospitality Gifts Offices Foods Kitchens Stores Lodge Partners"
)
LEGAL_FORMS = [" Ltd", " & Sons, Ltd", "", " Group", " Limited", " LLP", " Co."]
ROLES = ["info", "sales", "office", "hello"]
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
