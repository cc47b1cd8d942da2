resource "aws_athena_workgroup" "audit" {
  name          = "${var.context.name}-audit"
  description   = "Questions to the audit log of ${var.context.name}."
  force_destroy = var.force_destroy

  configuration {
    bytes_scanned_cutoff_per_query     = var.query_limit_gib * 1024 * 1024 * 1024
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${module.query_results.name}/results/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = module.key.arn
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each = {
    policy-changes-by-actor = "Who changed which policy document, newest first."
    refusals                = "Requests that the gateway refused, by day, team and reason."
    spend-by-team-and-month = "US dollars, tokens and requests by team and month of this year."
  }

  name        = each.key
  database    = aws_glue_catalog_database.audit.name
  description = each.value
  query       = file("${path.module}/queries/${each.key}.sql")
  workgroup   = aws_athena_workgroup.audit.id
}
