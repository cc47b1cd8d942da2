SELECT
  substr(time, 1, 10) AS day,
  team,
  client,
  refusal,
  model,
  count(DISTINCT id) AS refused
FROM records
WHERE kind = 'usage' AND outcome = 'refused' AND year = year(current_date) AND month = month(current_date)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1 DESC, 6 DESC
