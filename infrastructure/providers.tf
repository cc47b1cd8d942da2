provider "aws" {
  region = var.region

  # Credentials of another account fail before anything is read or changed.
  allowed_account_ids = [var.account_id]

  # The emulated AWS is one host (AWS_ENDPOINT_URL): no bucket host names, no metadata service, and what it cannot
  # do it answers with a 500, which would otherwise be tried 25 times.
  max_retries             = var.emulated ? 2 : null
  s3_use_path_style       = var.emulated
  skip_metadata_api_check = var.emulated ? "true" : null

  default_tags {
    tags = local.tags
  }
}
