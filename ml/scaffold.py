"""`fairlead new model`: the question's YAML, and the label it learns from."""

from typing import Any

from core.scaffold import checked_name, write_new
from core.settings import Settings

LABEL = """-- 1 where a customer bought in the 30 days after as_of_day, else 0; only days whose horizon has ended by D.
{{ config(materialized='table', contract={'enforced': true}) }}
{%- set horizon_days = 30 %}

with eligible as (
    select
        person_id,
        as_of_day
    from {{ ref('features__person') }}
    where lifetime_orders >= 1 and as_of_day <= {{ days_before(horizon_days) }}
),

sales as (
    select distinct
        person_id,
        ordered_on
    from {{ ref('orders') }}
    where is_sale and person_id is not null
),

final as (
    select
        eligible.person_id,
        eligible.as_of_day,
        cast(case when count(sales.ordered_on) > 0 then 1 else 0 end as {{ type_of('double') }}) as label
    from eligible
    left join sales
        on
            eligible.person_id = sales.person_id
            and eligible.as_of_day < sales.ordered_on
            and sales.ordered_on <= {{ dbt.dateadd('day', horizon_days, 'eligible.as_of_day') }}
    group by eligible.person_id, eligible.as_of_day
)

select * from final
"""


def new_model(settings: Settings, name: str) -> dict[str, Any]:
    """A binary model with a horizon of 30 days: will a customer buy again?

    Trains as it is; edit the question and the label.
    """
    stem = f"dbt_project/models/marts/features/labels__{checked_name(name)}"
    return write_new(settings, {f"models/{name}.yml": _spec(name), f"{stem}.sql": LABEL, f"{stem}.yml": _twin(name)})


def _spec(name: str) -> str:
    return f"""question: Which customers will buy again within 30 days?
owner: lifecycle
task: binary
label: labels__{name}
horizon_days: 30
eligible: lifetime_orders >= 1
features:
  all_except: [month_of_year, is_female, age_years]
folds: 3
baseline:
  rank_by: [lifetime_orders]               # who bought most often buys again
lightgbm: {{iterations: 120, learning_rate: 0.05, num_leaves: 15, min_data_in_leaf: 60}}
calibration: isotonic
fairness:
  by: [is_female, age_years]
  because: say what would be unfair here
decision_effect: >
  Say what happens to a person because of this score, and what a wrong one costs.
promote_if:
  min_auc: 0.6
  min_lift_over_baseline: 0.01
  max_calibration_error: 0.06
  min_positive: 100
  min_rows: 500
  not_worse_than_champion: 0.01
"""


def _twin(name: str) -> str:
    return f"""models:
  - name: labels__{name}
    description: >
      One row a customer and day whose horizon is over, 1 bought again, 0 did not. Grain (person_id, as_of_day).
    config: {{meta: {{owner: lifecycle, purpose: profiling, retention: 600 days, retention_by: as_of_day}}}}
    data_tests:
      - unique_together: {{arguments: {{columns: [person_id, as_of_day]}}}}
      - not_after_day: {{arguments: {{column: as_of_day, days: 30}}}}
    columns:
      - name: person_id
        data_type: text
        config: {{meta: {{data_class: identifier}}}}
        data_tests: [not_null]
      - name: as_of_day
        data_type: date
        config: {{meta: {{data_class: derived}}}}
        data_tests: [not_null]
      - name: label
        data_type: double precision
        config: {{meta: {{data_class: derived}}}}
        data_tests:
          - not_null
          - accepted_values: {{arguments: {{values: [0, 1], quote: false}}}}
"""
