# One bucket for what load balancers and S3 write about who came: neither can deliver to a bucket
# encrypted with a customer's KMS key, so this one has SSE-S3 and holds nothing else.
locals {
  access_logs_name = "${var.context.name}-access-logs-${var.context.account_id}-${var.context.region}"
  access_logs_arn  = "arn:aws:s3:::${local.access_logs_name}"
}

data "aws_iam_policy_document" "access_logs" {
  statement {
    sid       = "LoadBalancer"
    actions   = ["s3:PutObject"]
    resources = ["${local.access_logs_arn}/alb/AWSLogs/${var.context.account_id}/*"]

    principals {
      type        = "Service"
      identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:elasticloadbalancing:${var.context.region}:${var.context.account_id}:loadbalancer/*"]
    }
  }

  statement {
    sid       = "Buckets"
    actions   = ["s3:PutObject"]
    resources = [var.context.emulated ? "${local.access_logs_arn}/*" : "${local.access_logs_arn}/s3/*"] # the emulator knows no prefix here

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.context.account_id]
    }
  }
}

module "access_logs" {
  source = "../bucket"

  force_destroy    = var.force_destroy
  lifecycle_days   = { expire = var.retention_days, expire_noncurrent = 30 }
  name             = local.access_logs_name
  policy_documents = [data.aws_iam_policy_document.access_logs.json]
}
