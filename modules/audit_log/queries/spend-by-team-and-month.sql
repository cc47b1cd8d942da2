-- A record can arrive twice; each request counts once.
SELECT
  team,
  substr(time, 1, 7) AS month,
  count(*) AS requests,
  sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens,
  sum(cost_nano_usd) / 1e9 AS usd,
  count_if(cost_nano_usd IS NULL AND outcome <> 'refused') AS requests_without_price,
  count_if(estimated <> 'false') AS requests_estimated
FROM (
  SELECT *, row_number() OVER (PARTITION BY id ORDER BY time) AS copy
  FROM records
  WHERE kind = 'usage' AND year = year(current_date)
)
WHERE copy = 1
GROUP BY 1, 2
ORDER BY 2 DESC, 6 DESC
