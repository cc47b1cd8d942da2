resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_144:One region by design; snapshots and audit records are versioned, records locked
  # checkov:skip=CKV2_AWS_62:Nothing waits for objects: agents poll snapshots, Athena reads partitions
  bucket              = var.name
  force_destroy       = var.force_destroy
  object_lock_enabled = var.object_lock != null
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.kms_key != null

    apply_server_side_encryption_by_default {
      kms_master_key_id = one(var.kms_key[*].arn)
      sse_algorithm     = var.kms_key == null ? "AES256" : "aws:kms"
    }
  }
}

resource "aws_s3_bucket_object_lock_configuration" "this" {
  count  = var.object_lock == null ? 0 : 1
  bucket = aws_s3_bucket.this.id

  rule {
    default_retention {
      days = var.object_lock.days
      mode = var.object_lock.mode
    }
  }

  # S3 accepts a retention rule on a versioned bucket only.
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_logging" "this" {
  count  = var.access_logs == null ? 0 : 1
  bucket = aws_s3_bucket.this.id

  target_bucket = var.access_logs.bucket
  target_prefix = "s3/${var.name}/"
}
