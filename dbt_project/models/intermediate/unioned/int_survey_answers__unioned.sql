{{ entity('survey_answers') }}
