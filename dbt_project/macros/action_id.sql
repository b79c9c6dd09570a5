{#
  What an action is about, as one id: the first half of the SHA-256 of `type|month|subject`. Whoever asks twice for the
  same asks for one action. type, month, subject: SQL of text, date and text.
#}
{% macro action_id(type, month, subject) -%}
    substr(
        {{ sha256_hex("concat_ws('|', " ~ type ~ ", " ~ month_text(month) ~ ", " ~ subject ~ ")") }},
        1,
        32
    )
{%- endmacro %}
