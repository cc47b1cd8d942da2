locals {
  log_group   = "/${var.context.name}/audit-delivery"
  stream_name = "${var.context.name}-audit"
}

resource "aws_cloudwatch_log_group" "delivery" {
  name              = local.log_group
  kms_key_id        = var.logs.kms_key_arn
  retention_in_days = var.logs.retention_days
}

resource "aws_cloudwatch_log_stream" "delivery" {
  name           = "errors"
  log_group_name = aws_cloudwatch_log_group.delivery.name
}

resource "aws_kinesis_firehose_delivery_stream" "audit" {
  name        = local.stream_name
  destination = "extended_s3"

  extended_s3_configuration {
    bucket_arn          = module.records.arn
    buffering_interval  = var.delivery_seconds
    buffering_size      = 64             # MB, the least that conversion to Parquet takes
    compression_format  = "UNCOMPRESSED" # Parquet compresses by itself
    error_output_prefix = "errors/!{firehose:error-output-type}/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
    kms_key_arn         = module.key.arn
    prefix = join("", [
      "${local.prefix}/",
      join("", [for key in ["year", "month", "day", "team"] : "${key}=!{partitionKeyFromQuery:${key}}/"]),
    ])
    role_arn = aws_iam_role.firehose.arn

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.delivery.name
      log_stream_name = aws_cloudwatch_log_stream.delivery.name
    }

    data_format_conversion_configuration {
      input_format_configuration {
        deserializer {
          open_x_json_ser_de {
            case_insensitive            = true
            column_to_json_key_mappings = { for column in local.columns : column.name => column.key if column.key != null }
          }
        }
      }

      output_format_configuration {
        serializer {
          parquet_ser_de {
            compression = "SNAPPY"
          }
        }
      }

      schema_configuration {
        database_name = aws_glue_catalog_database.audit.name
        region        = var.context.region
        role_arn      = aws_iam_role.firehose.arn
        table_name    = aws_glue_catalog_table.this["records"].name
      }
    }

    dynamic_partitioning_configuration {
      enabled        = true
      retry_duration = 300
    }

    # The partition comes from the record, not from its arrival: what was queued for an hour lands where it belongs.
    processing_configuration {
      enabled = true

      processors {
        type = "MetadataExtraction"

        parameters {
          parameter_name  = "JsonParsingEngine"
          parameter_value = "JQ-1.6"
        }
        parameters {
          parameter_name  = "MetadataExtractionQuery"
          parameter_value = "{year: .time[0:4], month: .time[5:7], day: .time[8:10], team: (.team // \"none\")}"
        }
      }
    }
  }

  server_side_encryption {
    enabled  = true
    key_arn  = module.key.arn
    key_type = "CUSTOMER_MANAGED_CMK"
  }

  # Firehose tries its permissions when it is created.
  depends_on = [aws_iam_role_policy.firehose]
}
