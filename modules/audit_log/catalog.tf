locals {
  database = replace(var.context.name, "-", "_")
  prefix   = "records"

  # Partitions are computed from the query, not registered. The first table reads all teams at once; the second
  # reads one, which the query must name.
  tables = {
    records         = { by_team = false, template = "year=$${year}/month=$${month}/day=$${day}/" }
    records_by_team = { by_team = true, template = "year=$${year}/month=$${month}/day=$${day}/team=$${team}/" }
  }
}

resource "aws_glue_catalog_database" "audit" {
  name        = local.database
  description = "Audit log of ${var.context.name}."
}

resource "aws_glue_catalog_table" "this" {
  for_each = local.tables

  name          = each.key
  database_name = aws_glue_catalog_database.audit.name
  description   = each.value.by_team ? "The audit log of one team: team = '…' is required." : "The audit log of all teams."
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(
    {
      "EXTERNAL"                  = "TRUE"
      "classification"            = "parquet"
      "projection.day.digits"     = "2"
      "projection.day.range"      = "1,31"
      "projection.day.type"       = "integer"
      "projection.enabled"        = "true"
      "projection.month.digits"   = "2"
      "projection.month.range"    = "1,12"
      "projection.month.type"     = "integer"
      "projection.year.range"     = "2025,2040"
      "projection.year.type"      = "integer"
      "storage.location.template" = "s3://${module.records.name}/${local.prefix}/${each.value.template}"
    },
    each.value.by_team ? { "projection.team.type" = "injected" } : {},
  )

  dynamic "partition_keys" {
    for_each = concat(["year", "month", "day"], each.value.by_team ? ["team"] : [])
    content {
      name = partition_keys.value
      type = partition_keys.value == "team" ? "string" : "int"
    }
  }

  storage_descriptor {
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    location      = "s3://${module.records.name}/${local.prefix}/"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    dynamic "columns" {
      for_each = [for column in local.columns : column if !(each.value.by_team && column.name == "team")]
      content {
        comment = columns.value.comment
        name    = columns.value.name
        type    = columns.value.type
      }
    }

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }
  }
}
