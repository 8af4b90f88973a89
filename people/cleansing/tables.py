"""The tables that cleansing writes: of each record its cleaned values, and what was found."""

import pyarrow as pa

from core.tables import Table

TEXT = pa.string()
CLEANED = pa.schema([
    ("record_id", TEXT), ("stated_key", TEXT), ("first_name", TEXT), ("last_name", TEXT), ("company", TEXT),
    ("birth_date", pa.date32()), ("street", TEXT), ("city", TEXT), ("postal_code", TEXT), ("region", TEXT),
    ("country", TEXT), ("language", TEXT), ("time_zone", TEXT), ("time_zone_source", TEXT),
    ("time_zone_confidence", pa.float64()),
])  # fmt: skip
FINDINGS = pa.schema({"record_id": "string", "column_name": "string", "flag": "string", "effect": "string",
                      "stated": "string", "cleaned": "string", "suggestion": "string"})  # fmt: skip
RULES = pa.schema([("rules", TEXT)])  # a digest of what the records were cleaned by
TABLES = (
    Table("identity.cleaned_records", CLEANED),
    Table("identity.cleansing_findings", FINDINGS),
    Table("identity.cleansing_rules", RULES),
)
