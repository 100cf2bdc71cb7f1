/** Rules of Kusto's that SQL has no word for, as macros. Each says what Kusto's documentation says of the function or operator. */
export const RULES: readonly string[] = [
  // a term is a longest run of letters and digits
  `CREATE MACRO has_term(txt, term) AS
     coalesce(regexp_matches(txt, '(^|[^\\pL\\pN])' || regexp_escape(term) || '($|[^\\pL\\pN])', 'is'), false)`,
  `CREATE MACRO has_term_cs(txt, term) AS
     coalesce(regexp_matches(txt, '(^|[^\\pL\\pN])' || regexp_escape(term) || '($|[^\\pL\\pN])', 's'), false)`,
  // a text that is not there holds nothing
  "CREATE MACRO holds(txt, part) AS coalesce(contains(lower(txt), lower(part)), false)",
  // down to a multiple, also below 0
  "CREATE MACRO bin_of(x, step) AS floor(x / step) * step",
  "CREATE MACRO time_bin(t, step) AS time_bucket(step, t, TIMESTAMP '0001-01-01')",
  // the least value that so many percent are not above
  "CREATE MACRO at_percent(list, p) AS list_sort(list)[greatest(1, ceil(p * len(list) / 100.0)::BIGINT)]",
  // the remainder is never negative
  "CREATE MACRO modulo(n, d) AS CASE WHEN d = 0 THEN NULL ELSE ((n % d) + abs(d)) % abs(d) END",
  // whole numbers divide to a whole one, cut towards 0
  "CREATE MACRO whole_div(n, d) AS CASE WHEN d = 0 THEN NULL ELSE sign(n) * sign(d) * (abs(n) // abs(d)) END",
];
