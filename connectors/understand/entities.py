"""Fairlead's entities as far as a look at data needs them: their columns and what must be known of a table of theirs.

The columns are those of dbt_project/macros/entities.sql, which a test compares; what they are called elsewhere
stands in `words/`.
"""

# entity -> column:type; the first is its key. key and ref: numbers of the source, qualified by its name
_COLUMNS = {
    "people": "record_id:key email:email phone:phone first_name:text last_name:text birth_date:date gender:text "
              "country:text region:text city:text postal_code:text street:text language:text time_zone:text "
              "company:text account_key:ref lifecycle:text loyalty_card:text loyalty_points:integer "
              "loyalty_tier:text strong_ids:ids lead_status:text lead_source:text created_at:timestamp "
              "updated_at:timestamp",
    "accounts": "account_key:key name:text domain:text industry:text employees:integer annual_revenue:number "
                "country:text owner:text parent_account_key:ref created_at:timestamp updated_at:timestamp",
    "orders": "order_key:key account_key:ref ordered_at:timestamp channel:text status:text is_return:boolean "
              "currency:text revenue:number discount:number coupon:text country:text",
    "order_lines": "order_line_key:key order_key:ref product_key:ref product_name:text quantity:integer "
                   "unit_price:number revenue:number",
    "products": "product_key:key name:text category:text price:number cost:number currency:text "
                "stock_quantity:integer updated_at:timestamp",
    "events": "event_key:key device_ref:device occurred_at:timestamp received_at:timestamp event:text platform:text "
              "session_key:ref product_key:ref page_url:text referrer:text utm_source:text utm_medium:text "
              "utm_campaign:text revenue:number",
    "messages": "message_event_key:key message_key:ref email:email phone:phone channel:text campaign:text event:text "
                "is_hard_bounce:boolean url:text user_agent:text ip:text occurred_at:timestamp",
    "consents": "consent_key:key email:email phone:phone channel:text purpose:text status:text wording_version:text "
                "collected_by:text ip:text occurred_at:timestamp",
    "ad_spend": "ad_spend_key:key spend_day:date platform:text campaign_id:text campaign:text cost:number "
                "currency:text impressions:integer clicks:integer conversions:integer",
    "deals": "deal_key:key account_key:ref name:text stage:text status:text amount:number currency:text "
             "created_at:timestamp closed_at:timestamp updated_at:timestamp",
    "subscriptions": "subscription_key:key account_key:ref plan:text status:text price:number currency:text "
                     "started_at:timestamp renews_at:timestamp cancelled_at:timestamp",
    "tickets": "ticket_key:key subject:text priority:text status:text created_at:timestamp closed_at:timestamp "
               "satisfaction:integer",
    "survey_answers": "answer_key:key survey:text question:text score:integer answer_text:text answered_at:timestamp",
    "registrations": "registration_key:key event_name:text event_kind:text registered_at:timestamp attended:boolean "
                     "attended_minutes:integer",
    "social_posts": "post_key:key network:text handle:text text:text url:text posted_at:timestamp",
}  # fmt: skip
ENTITIES: dict[str, dict[str, str]] = {
    entity: dict(column.split(":") for column in columns.split()) for entity, columns in _COLUMNS.items()
}
ENTITY_COLUMNS = {entity: list(columns) for entity, columns in ENTITIES.items()}
# Columns that help to understand a table and are none of the entity's own.
HELPERS = {
    "people": {"full_name": "text", "person_key": "ref", "national_id": "id", "tax_id": "id", "membership_id": "id"},
    "orders": {"payment_status": "text", "fulfilment_status": "text", "cancelled_at": "timestamp"},
}
# What makes a table an entity's, whatever it is called: one of each group.
DEFINED_BY: dict[str, tuple[str, ...]] = {
    "people": ("email|phone|birth_date|national_id", "first_name|last_name|full_name"),
    "accounts": ("name", "domain|industry|employees|annual_revenue"),
    "orders": ("ordered_at", "revenue|status|payment_status", "order_key"),
    "order_lines": ("quantity", "unit_price|revenue", "order_key|product_key"),
    "products": ("product_key", "name", "price|category|stock_quantity"),
    "events": ("event", "device_ref|page_url|session_key", "occurred_at"),
    "messages": ("event", "message_key|campaign", "email|phone|message_key"),
    "consents": ("purpose", "status"),
    "ad_spend": ("cost", "impressions|clicks", "spend_day"),
    "deals": ("stage|status", "amount", "closed_at|stage"),
    "subscriptions": ("plan", "started_at|renews_at|cancelled_at"),
    "tickets": ("subject", "status|priority"),
    "survey_answers": ("score", "answer_text|question|survey"),
    "registrations": ("event_name", "registered_at|attended"),
    "social_posts": ("network|handle", "text", "posted_at"),
}
# What a table must have to be taken for an entity whose name it bears.
NEEDED: dict[str, tuple[str, ...]] = {
    "people": ("email|phone|record_id|person_key|national_id|birth_date",), "accounts": ("account_key", "name|domain"),
    "orders": ("ordered_at",), "order_lines": ("order_key|product_key", "quantity|unit_price|revenue|order_line_key"),
    "products": ("product_key",), "events": ("event", "occurred_at"), "messages": ("event", "email|phone|message_key"),
    "consents": ("status",), "ad_spend": ("cost", "spend_day"), "deals": ("stage|status|amount|closed_at|name",),
    "subscriptions": ("started_at|plan|status",), "tickets": ("created_at|status|subject",),
    "survey_answers": ("score|answer_text",), "registrations": ("event_name|registered_at",),
    "social_posts": ("text|url", "posted_at"),
}  # fmt: skip
# What an entity needs and one column cannot say; a person reading the written model sees and mends it.
ASSUMED: dict[str, dict[str, str]] = {
    "people": {"lifecycle": "'contact'"},
    "orders": {"channel": "'web'", "status": "'completed'", "is_return": "false"},
    "messages": {"channel": "'email'"}, "consents": {"channel": "'email'", "purpose": "'marketing'"},
    "registrations": {"event_kind": "'event'"}, "deals": {"status": "'open'"}, "tickets": {"status": "'open'"},
    "subscriptions": {"status": "'active'"},
}  # fmt: skip
WITHOUT_PERSON = {"accounts", "products", "ad_spend", "order_lines"}
INSTANTS = {
    "people": "created_at", "orders": "ordered_at", "events": "occurred_at", "messages": "occurred_at",
    "consents": "occurred_at", "deals": "created_at", "tickets": "created_at", "survey_answers": "answered_at",
}  # fmt: skip


def holds(groups: tuple[str, ...], columns: set[str]) -> bool:
    """Whether one of each group is there."""
    return all(set(group.split("|")) & columns for group in groups)
