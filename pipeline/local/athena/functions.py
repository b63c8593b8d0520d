"""Trino's functions: which there are, and what some of them become in DuckDB."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from pipeline.local.athena.failures import USER_ERROR, QueryFailure, at

if TYPE_CHECKING:
    from collections.abc import Callable

# Source: Trino documentation, "List of functions by topic", as far as Athena engine version 3 has them.
NAMES = frozenset(
    """
    abs acos all_match any_match approx_distinct approx_most_frequent approx_percentile approx_set arbitrary
    array_agg array_distinct array_except array_first array_histogram array_intersect array_join array_last array_max
    array_min array_position array_remove array_sort array_union arrays_overlap asin at_timezone atan atan2 avg
    bit_count bitwise_and bitwise_and_agg bitwise_left_shift bitwise_not bitwise_or bitwise_or_agg
    bitwise_right_shift bitwise_right_shift_arithmetic bitwise_xor bool_and bool_or cardinality cast cbrt ceil ceiling
    char2hexint checksum chr classify coalesce codepoint color combinations concat concat_ws contains
    contains_sequence convex_hull_agg corr cos cosh cosine_similarity count count_if covar_pop covar_samp crc32
    cume_dist current_catalog current_date current_groups current_schema current_time current_timestamp
    current_timezone current_user date date_add date_diff date_format date_parse date_trunc day day_of_month
    day_of_week day_of_year decimal degrees dense_rank dow doy e element_at
    empty_approx_set every exists exp extract features filter first_value flatten floor format format_datetime
    format_number
    from_base from_base32 from_base64 from_base64url from_big_endian_32 from_big_endian_64 from_encoded_polyline
    from_hex from_ieee754_32 from_ieee754_64 from_iso8601_date from_iso8601_timestamp from_iso8601_timestamp_nanos
    from_unixtime from_unixtime_nanos from_utf8 geometric_mean greatest grouping hamming_distance hash_counts histogram
    hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 hour human_readable_seconds if index infinity intersection_cardinality
    inverse_beta_cdf inverse_normal_cdf is_finite is_infinite is_json_scalar is_nan jaccard_index json_array
    json_array_contains json_array_get json_array_length json_exists json_extract json_extract_scalar json_format
    json_object json_parse json_query json_size json_value kurtosis lag last_day_of_month last_value lead least length
    levenshtein_distance listagg ln localtime localtimestamp log log10 log2 lower lpad ltrim luhn_check make_set_digest
    map map_agg map_concat map_entries map_filter map_from_entries map_keys map_union map_values map_zip_with max
    max_by md5 merge merge_set_digest millisecond min min_by minute mod month multimap_agg multimap_from_entries
    murmur3 nan ngrams none_match normal_cdf normalize now nth_value ntile nullif numeric_histogram
    overlay parse_data_size parse_datetime parse_duration parse_presto_data_size percent_rank pi position pow
    power qdigest_agg quarter radians rand random random_string rank reduce reduce_agg regexp_count regexp_extract
    regexp_extract_all regexp_like regexp_position regexp_replace regexp_split regr_intercept regr_slope render repeat
    replace reverse rgb round row row_number rpad rtrim second sequence sha1 sha256 sha512 shuffle sign
    simplify_geometry sin sinh skewness slice soundex spatial_partitioning split split_part split_to_map
    split_to_multimap
    spooky_hash_v2_32 spooky_hash_v2_64 sqrt starts_with stddev stddev_pop stddev_samp strpos substr
    substring sum tan tanh tdigest_agg time timestamp timezone_hour timezone_minute to_base to_base32 to_base64
    to_base64url to_big_endian_32 to_big_endian_64 to_encoded_polyline to_hex to_ieee754_32
    to_ieee754_64 to_iso8601 to_milliseconds to_timestamp to_unixtime to_utf8 transform transform_keys transform_values
    translate trim trim_array truncate try try_cast typeof unnest upper url_decode url_encode url_extract_fragment
    url_extract_host url_extract_parameter url_extract_path url_extract_port url_extract_protocol url_extract_query
    uuid value_at_quantile values_at_quantiles var_pop var_samp variance version week week_of_year width_bucket
    wilson_interval_lower wilson_interval_upper with_timezone word_stem xxhash64 year year_of_week yow zip zip_with
    """.split()  # noqa: SIM905 - four hundred quotes would not make it clearer
)
# DuckDB has functions of these names that do something else.
_NOT_HERE = frozenset({"repeat", "typeof"})

# Functions that DuckDB lacks, by means of those that it has.
MACROS = (
    "create macro at_timezone(x, z) as timezone(z, x)",
    "create macro array_union(a, b) as list_distinct(list_concat(a, b))",
    "create macro codepoint(c) as unicode(c)",
    "create macro from_big_endian_64(x) as ('0x' || hex(x))::bigint",
    "create macro infinity() as 'infinity'::double",
    "create macro is_finite(x) as isfinite(x)",
    "create macro is_infinite(x) as isinf(x)",
    "create macro is_nan(x) as isnan(x)",
    "create macro map_agg(k, v) as map(list(k) filter (k is not null), list(v) filter (k is not null))",
    "create macro nan() as 'nan'::double",
    "create macro to_iso8601(x) as strftime(x, '%Y-%m-%dT%H:%M:%S.%g')",
    "create macro to_milliseconds(i) as epoch_ms(timestamp '1970-01-01' + i)",
    "create macro url_extract_host(u) as nullif(regexp_extract(u, '^[^:]+://([^/:?#]+)', 1), '')",
    "create macro url_extract_path(u) as regexp_extract(u, '^[^:]+://[^/?#]+([^?#]*)', 1)",
    "create macro with_timezone(x, z) as timezone(z, x)",
)

_JODA = (
    ("yyyy", "%Y"), ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("hh", "%I"), ("mm", "%M"),
    ("ss", "%S"), ("SSS", "%g"), ("EEEE", "%A"), ("EEE", "%a"), ("yy", "%y"), ("a", "%p"),
)  # fmt: skip


def check_names(tree: exp.Expr, text: str) -> None:
    """Refuse functions that Athena has not got, whatever DuckDB has; `text` is what `tree` was read from."""
    for function in tree.find_all(exp.Func):
        if "start" not in function.meta:
            continue
        name = text[function.meta["start"] : function.meta["end"] + 1].strip('"').lower()
        if name.isidentifier() and name not in NAMES:
            place = at(text, function.meta["start"])
            raise QueryFailure(f"FUNCTION_NOT_FOUND: {place}Function '{name}' not registered")
        if name in _NOT_HERE:
            raise QueryFailure(f"NOT_SUPPORTED: the local cloud has no function {name}", USER_ERROR)


def rewrite(tree: exp.Expr) -> None:
    """Change the functions in `tree`, whose types are annotated, to what means the same in DuckDB."""
    nodes = list(tree.find_all(exp.Anonymous, *_RULES))
    for node in sorted(nodes, key=lambda found: -found.depth):
        rule = _RULES.get(type(node)) or _BY_NAME.get(node.name.lower())
        changed = rule(node) if rule is not None else node
        if changed is not node:
            node.replace(changed)


def _is_date(node: exp.Expr | None) -> bool:
    return node is not None and node.type is not None and node.type.is_type(exp.DType.DATE)


def _stays_a_date(node: exp.Expr) -> exp.Expr:
    """DuckDB makes timestamps of dates where Trino keeps dates."""
    return exp.cast(node.copy(), exp.DType.DATE) if _is_date(node.this) else node


def _moved(node: exp.Expr) -> exp.Expr:
    """A date plus or minus an interval."""
    return _stays_a_date(node) if isinstance(node.expression, exp.Interval) else node


def _difference(node: exp.Expr) -> exp.Expr:
    """date_diff counts the whole units that have passed; DuckDB's counts the borders that were crossed."""
    unit = exp.Literal.string(node.text("unit").lower() or "day")
    return exp.Anonymous(this="date_sub", expressions=[unit, node.expression.copy(), node.this.copy()])


def _formatted(node: exp.Expr) -> exp.Expr:
    """format() is printf() there."""
    return exp.Anonymous(this="printf", expressions=[node.this.copy(), *(part.copy() for part in node.expressions)])


def _replaced(node: exp.Expr) -> exp.Expr:
    r"""A group is $1 in Trino's replacements, \1 in DuckDB's."""
    replacement = node.args.get("replacement")
    if not isinstance(replacement, exp.Literal) or "$" not in replacement.name:
        return node
    changed = node.copy()
    changed.set("replacement", exp.Literal.string(re.sub(r"\$(\d)", r"\\\1", replacement.name)))
    return changed


def _reduced(node: exp.Expr) -> exp.Expr:
    """The last function of reduce() is applied to what the others give."""
    finish = node.args.get("finish")
    if not isinstance(finish, exp.Lambda):
        return node
    changed = node.copy()
    changed.set("finish", None)
    name = finish.expressions[0].name
    body = finish.this.copy()
    if isinstance(body, exp.Identifier):
        return changed if body.name == name else node
    for part in list(body.find_all(exp.Identifier)):
        if part.name == name:
            part.replace(changed.copy())
    return exp.Paren(this=body)


def _counted(node: exp.Expr) -> exp.Expr:
    """cardinality() of a map."""
    kind = node.this.type
    is_map = isinstance(node.this, exp.Map) or (kind is not None and kind.is_type(exp.DType.MAP))
    return exp.Anonymous(this="cardinality", expressions=[node.this.copy()]) if is_map else node


def _joda(node: exp.Expr) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise QueryFailure("NOT_SUPPORTED: the local cloud wants the format of a date as a literal", USER_ERROR)
    text = node.name
    for letters, directive in _JODA:
        text = re.sub(rf"(?<![%A-Za-z]){letters}(?![A-Za-z])", directive, text)
    return text.replace("'", "")


def _joda_format(node: exp.Expr) -> exp.Expr:
    moment, form = node.expressions
    return exp.Anonymous(this="strftime", expressions=[moment.copy(), exp.Literal.string(_joda(form))])


def _joda_parse(node: exp.Expr) -> exp.Expr:
    text, form = node.this, node.args.get("format")
    parsed = exp.Anonymous(this="strptime", expressions=[text.copy(), exp.Literal.string(_joda(form or exp.null()))])
    return exp.cast(parsed, exp.DType.TIMESTAMPTZ)


_RULES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Add: _moved,
    exp.ArraySize: _counted,
    exp.DateAdd: _stays_a_date,
    exp.DateDiff: _difference,
    exp.DateTrunc: _stays_a_date,
    exp.Format: _formatted,
    exp.ParseDatetime: _joda_parse,
    exp.Reduce: _reduced,
    exp.RegexpReplace: _replaced,
    exp.Sub: _moved,
    exp.TimestampTrunc: _stays_a_date,
}
_BY_NAME: dict[str, Callable[[exp.Expr], exp.Expr]] = {"format_datetime": _joda_format}
