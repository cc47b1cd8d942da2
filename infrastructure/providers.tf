provider "aws" {
  region = var.region

  # Credentials of another account fail before anything is read or changed.
  allowed_account_ids = [var.account_id]

  # The emulated AWS is one host (AWS_ENDPOINT_URL): no bucket host names, no metadata service. On a busy machine the
  # provider now and then closes a connection under the answer (docs/cursed-knowledge.md), twice in a row too. What the
  # emulator cannot do it answers with a 501, which is not tried again; 25 tries, as usual, at an emulator that has
  # gone would take minutes.
  max_retries             = var.emulated ? 8 : null
  s3_use_path_style       = var.emulated
  skip_metadata_api_check = var.emulated ? "true" : null

  default_tags {
    tags = local.tags
  }
}
