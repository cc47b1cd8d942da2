SELECT DISTINCT
  time,
  actor,
  action,
  document_kind,
  document_id,
  before_hash,
  after_hash
FROM records
WHERE kind = 'change' AND year = year(current_date)
ORDER BY time DESC
