resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "leftovers"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "objects"
    status = "Enabled"

    filter {}

    dynamic "expiration" {
      for_each = var.lifecycle_days.expire == null ? [] : [var.lifecycle_days.expire]
      content {
        days = expiration.value
      }
    }

    noncurrent_version_expiration {
      noncurrent_days = var.lifecycle_days.expire_noncurrent
    }

    dynamic "transition" {
      for_each = var.lifecycle_days.transitions
      content {
        days          = transition.value
        storage_class = transition.key
      }
    }
  }

  # Rules for noncurrent versions need versioning first.
  depends_on = [aws_s3_bucket_versioning.this]
}
