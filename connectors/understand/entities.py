"""What Fairlead's entities are called in other people's data: the names `fairlead new source` maps by.

The columns and their types are those of docs/reference/contracts.md, "Entities"; only what can be read off one column
stands here. `*` marks an entity's own words: without one of them a table is not taken for it.
"""

# entity -> column -> (type, the names it goes by, the first being its own)
ENTITIES: dict[str, dict[str, tuple[str, str]]] = {
    "people": {
        "record_id": ("key", "record_id* customer_id* customer_no* customer_number* contact_id* lead_id* person_id* "
                             "user_id* member_id* subscriber_id* vid* id"),
        "email": ("text", "email* email_address* mail* e_mail*"),
        "phone": ("text", "phone* phone_number* mobile* mobile_phone* telephone*"),
        "first_name": ("text", "first_name* firstname* given_name* forename*"),
        "last_name": ("text", "last_name* lastname* surname* family_name*"),
        "birth_date": ("date", "birth_date birthday date_of_birth dob born"), "gender": ("text", "gender sex"),
        "country": ("text", "country country_code"), "region": ("text", "region state province county"),
        "city": ("text", "city town"),
        "postal_code": ("text", "postal_code postcode zip zip_code"), "language": ("text", "language locale lang"),
        "time_zone": ("text", "time_zone timezone"), "account_key": ("ref", "account_id company_id"),
        "lifecycle": ("text", "lifecycle lifecycle_stage"), "loyalty_card": ("text", "loyalty_card card_no"),
        "loyalty_points": ("integer", "loyalty_points points"), "loyalty_tier": ("text", "loyalty_tier tier"),
        "lead_status": ("text", "lead_status"), "lead_source": ("text", "lead_source"),
        "created_at": ("timestamp", "created_at created createdate create_date signed_up_at signed_up created_on"),
        "updated_at": ("timestamp", "updated_at updated modified_at last_modified lastmodifieddate"),
    },
    "accounts": {
        "account_key": ("key", "account_id* company_id* organisation_id* id"),
        "name": ("text", "account_name* company* company_name* name"),
        "domain": ("text", "domain* website*"), "industry": ("text", "industry*"),
        "employees": ("integer", "employees* number_of_employees*"),
        "annual_revenue": ("number", "annual_revenue* annualrevenue*"), "country": ("text", "country"),
        "owner": ("text", "owner owner_id"),
        "created_at": ("timestamp", "created_at created createdate"),
        "updated_at": ("timestamp", "updated_at updated modified_at"),
    },
    "orders": {
        "order_key": ("key", "order_id* order_no* order_number* invoice_no* receipt_no* transaction_id* id"),
        "account_key": ("ref", "account_id company_id"),
        "ordered_at": ("timestamp", "ordered_at* order_date* purchased_at* invoice_date* processed_at created_at"),
        "channel": ("text", "channel"), "status": ("text", "status financial_status"), "currency": ("text", "currency"),
        "revenue": ("number", "total* total_price* order_total* grand_total* revenue amount"),
        "discount": ("number", "discount total_discounts"),
        "coupon": ("text", "coupon discount_code voucher"), "country": ("text", "country shipping_country"),
    },
    "order_lines": {
        "order_line_key": ("key", "order_line_id* line_id* line_item_id* id"),
        "order_key": ("ref", "order_id order_no invoice_no receipt_no"),
        "product_key": ("ref", "product_id sku stock_code"), "product_name": ("text", "product_name description title"),
        "quantity": ("integer", "quantity* qty*"), "unit_price": ("number", "unit_price* price"),
        "revenue": ("number", "line_total* revenue amount"),
    },
    "products": {
        "product_key": ("key", "product_id* sku* stock_code* id"),
        "name": ("text", "product_name* name title description"),
        "category": ("text", "category* product_type*"), "price": ("number", "price* list_price*"),
        "cost": ("number", "cost* unit_cost*"),
        "currency": ("text", "currency"),
        "stock_quantity": ("integer", "stock_quantity* stock* inventory_quantity* on_hand*"),
        "updated_at": ("timestamp", "updated_at updated modified_at"),
    },
    "events": {
        "event_key": ("key", "event_id* message_id* id"),
        "device_ref": ("device", "anonymous_id* device_id* client_id*"),
        "occurred_at": ("timestamp", "occurred_at timestamp event_time time"),
        "received_at": ("timestamp", "received_at"),
        "event": ("text", "event* event_name* action"), "session_key": ("ref", "session_id* session"),
        "product_key": ("ref", "product_id"),
        "page_url": ("text", "page_url* url page"), "referrer": ("text", "referrer* referer* page_referrer*"),
        "utm_source": ("text", "utm_source campaign_source"),
        "utm_medium": ("text", "utm_medium campaign_medium"), "utm_campaign": ("text", "utm_campaign campaign_name"),
        "revenue": ("number", "revenue value"),
    },
    "messages": {
        "message_event_key": ("key", "sg_event_id* event_id id"), "email": ("text", "email email_address mail e_mail"),
        "phone": ("text", "phone phone_number mobile mobile_phone telephone"),
        "message_key": ("ref", "sg_message_id* message_id* mail_id*"),
        "campaign": ("text", "campaign campaign_name"), "event": ("text", "event event_type"),
        "url": ("text", "url link"),
        "user_agent": ("text", "user_agent useragent"), "ip": ("text", "ip ip_address"),
        "occurred_at": ("timestamp", "occurred_at timestamp event_time"),
    },
    "consents": {
        "consent_key": ("key", "consent_id* id"), "email": ("text", "email email_address mail e_mail"),
        "phone": ("text", "phone phone_number mobile mobile_phone telephone"), "channel": ("text", "channel"),
        "purpose": ("text", "purpose*"), "status": ("text", "status"),
        "wording_version": ("text", "wording_version* wording*"), "collected_by": ("text", "collected_by source form"),
        "ip": ("text", "ip ip_address"),
        "occurred_at": ("timestamp", "occurred_at granted_at* consented_at* created_at"),
    },
    "ad_spend": {
        "ad_spend_key": ("key", "ad_spend_id* id"), "spend_day": ("date", "spend_day* date day date_day"),
        "platform": ("text", "platform network"),
        "campaign_id": ("text", "campaign_id"), "campaign": ("text", "campaign campaign_name"),
        "cost": ("number", "cost* spend*"),
        "currency": ("text", "currency"), "impressions": ("integer", "impressions*"), "clicks": ("integer", "clicks*"),
        "conversions": ("integer", "conversions*"),
    },
    "deals": {
        "deal_key": ("key", "deal_id* opportunity_id* id"), "account_key": ("ref", "account_id company_id"),
        "name": ("text", "deal_name* name"),
        "stage": ("text", "stage* dealstage* stage_name*"), "status": ("text", "status"),
        "amount": ("number", "amount* value"),
        "currency": ("text", "currency"), "created_at": ("timestamp", "created_at created createdate"),
        "closed_at": ("timestamp", "closed_at closedate* close_date*"),
        "updated_at": ("timestamp", "updated_at updated modified_at"),
    },
    "subscriptions": {
        "subscription_key": ("key", "subscription_id* id"), "account_key": ("ref", "account_id company_id"),
        "plan": ("text", "plan* plan_id*"),
        "status": ("text", "status"), "price": ("number", "price amount"), "currency": ("text", "currency"),
        "started_at": ("timestamp", "started_at start_date created_at"),
        "renews_at": ("timestamp", "renews_at* current_period_end* renewal_date*"),
        "cancelled_at": ("timestamp", "cancelled_at* canceled_at*"),
    },
    "tickets": {
        "ticket_key": ("key", "ticket_id* case_id* id"), "subject": ("text", "subject*"),
        "priority": ("text", "priority*"), "status": ("text", "status"),
        "created_at": ("timestamp", "created_at created opened_at"),
        "closed_at": ("timestamp", "closed_at solved_at resolved_at"),
        "satisfaction": ("integer", "satisfaction* csat*"),
    },
    "survey_answers": {
        "answer_key": ("key", "answer_id* response_id* id"), "survey": ("text", "survey* survey_name* survey_id*"),
        "question": ("text", "question*"),
        "score": ("integer", "score nps rating"), "answer_text": ("text", "answer_text* answer* comment"),
        "answered_at": ("timestamp", "answered_at* submitted_at* created_at"),
    },
    "registrations": {
        "registration_key": ("key", "registration_id* attendee_id* id"),
        "event_name": ("text", "event_name webinar* webinar_name* event"),
        "registered_at": ("timestamp", "registered_at* created_at"), "attended": ("boolean", "attended*"),
        "attended_minutes": ("integer", "attended_minutes* minutes"),
    },
    "social_posts": {
        "post_key": ("key", "post_id* id"), "network": ("text", "network*"), "handle": ("text", "handle* screen_name*"),
        "text": ("text", "text body"),
        "url": ("text", "url"), "posted_at": ("timestamp", "posted_at* created_at"),
    },
}  # fmt: skip
# What an entity needs and one column cannot say; a person reading the written model sees and mends it.
ASSUMED = {
    "people": {"lifecycle": "'contact'"}, "orders": {"channel": "'web'", "status": "'completed'", "is_return": "false"},
    "messages": {"channel": "'email'"}, "consents": {"purpose": "'marketing'"},
    "registrations": {"event_kind": "'event'"},
}  # fmt: skip
# Whose number it is, where there is no address.
PEOPLE = "customer_id customer_no customer_number contact_id lead_id person_id user_id member_id subscriber_id"
WITHOUT_KEY = {"order_lines", "ad_spend", "events", "messages", "consents"}  # rows may go without a number of their own
WITHOUT_PERSON = {"accounts", "products", "ad_spend", "order_lines"}
# Every column of every entity, as dbt_project/macros/entities.sql has them: an exporter's file may fill any.
_COLUMNS = {
    "people": "record_id email phone first_name last_name birth_date gender country region city postal_code language "
              "time_zone account_key lifecycle loyalty_card loyalty_points loyalty_tier lead_status lead_source "
              "created_at updated_at",
    "accounts": "account_key name domain industry employees annual_revenue country owner created_at updated_at",
    "orders": "order_key account_key ordered_at channel status is_return currency revenue discount coupon country",
    "order_lines": "order_line_key order_key product_key product_name quantity unit_price revenue",
    "products": "product_key name category price cost currency stock_quantity updated_at",
    "events": "event_key device_ref occurred_at received_at event platform session_key product_key page_url referrer "
              "utm_source utm_medium utm_campaign revenue",
    "messages": "message_event_key message_key email phone channel campaign event is_hard_bounce url user_agent ip "
                "occurred_at",
    "consents": "consent_key email phone channel purpose status wording_version collected_by ip occurred_at",
    "ad_spend": "ad_spend_key spend_day platform campaign_id campaign cost currency impressions clicks conversions",
    "deals": "deal_key account_key name stage status amount currency created_at closed_at updated_at",
    "subscriptions": "subscription_key account_key plan status price currency started_at renews_at cancelled_at",
    "tickets": "ticket_key subject priority status created_at closed_at satisfaction",
    "survey_answers": "answer_key survey question score answer_text answered_at",
    "registrations": "registration_key event_name event_kind registered_at attended attended_minutes",
    "social_posts": "post_key network handle text url posted_at",
}  # fmt: skip
ENTITY_COLUMNS = {entity: columns.split() for entity, columns in _COLUMNS.items()}
