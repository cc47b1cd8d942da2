# What apply may change: what carries the deployment's name, by that name; the rest action by action, in one region.
# Identities are not among it. A role that could write a role could give itself, in two steps, whatever it wants, so a
# plan that changes one is carried out by a person; see docs/adr/0062-a-pull-request-reads-the-state-alone.md.
data "aws_iam_policy_document" "change" {
  # checkov:skip=CKV_AWS_109:Keys are limited by the deployment's tag, passed roles by its name
  # checkov:skip=CKV_AWS_111:Unnamed lists what AWS names only after it was made; limited to one region
  # checkov:skip=CKV_AWS_356:Cost Explorer takes no resource; Unnamed lists what AWS names only after it was made; limited to one region
  statement {
    sid       = "Named"
    actions   = sort(keys(local.named))
    resources = sort(flatten(values(local.named)))
  }

  statement {
    sid       = "Tagged"
    actions   = local.tagged
    resources = local.kinds

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Deployment"
      values   = [var.context.name]
    }
  }

  # What is just being made has no tag yet.
  statement {
    sid       = "Tag"
    actions   = local.tagging
    resources = local.kinds

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/Deployment"
      values   = [var.context.name]
    }
  }

  statement {
    sid       = "Unnamed"
    actions   = local.unnamed
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [var.context.region]
    }
  }

  statement {
    sid       = "Budgets"
    actions   = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"]
    resources = ["arn:aws:budgets::${var.context.account_id}:budget/${var.context.name}-monthly"]
  }

  # Cost Explorer is the whole account's, and lives in us-east-1.
  statement {
    sid = "Cost"
    actions = [
      "ce:CreateAnomalyMonitor",
      "ce:CreateAnomalySubscription",
      "ce:DeleteAnomalyMonitor",
      "ce:DeleteAnomalySubscription",
      "ce:TagResource",
      "ce:UntagResource",
      "ce:UpdateAnomalyMonitor",
      "ce:UpdateAnomalySubscription",
      "ce:UpdateCostAllocationTagsStatus",
    ]
    resources = ["*"]
  }

  # Asked for when an endpoint of the VPC takes over the host name of its service.
  statement {
    sid       = "EndpointNames"
    actions   = ["route53:AssociateVPCWithHostedZone"]
    resources = ["arn:aws:route53:::hostedzone/*"]
  }

  dynamic "statement" {
    for_each = var.zone[*]
    content {
      sid       = "HostNames"
      actions   = ["route53:ChangeResourceRecordSets", "route53:GetChange"]
      resources = ["arn:aws:route53:::hostedzone/${statement.value.id}", "arn:aws:route53:::change/*"]
    }
  }

  statement {
    sid       = "PassRoles"
    actions   = ["iam:PassRole"]
    resources = local.passed

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values = [
        "backup.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "firehose.amazonaws.com",
        "lambda.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
      ]
    }
  }

  # Whatever else is attached to this role one day: it makes and changes no identity.
  statement {
    sid       = "Identities"
    effect    = "Deny"
    actions   = ["iam:Add*", "iam:Attach*", "iam:Create*", "iam:Delete*", "iam:Detach*", "iam:Put*", "iam:Remove*", "iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*"]
    resources = ["*"]
  }

  statement {
    sid       = "OwnRoles"
    effect    = "Deny"
    actions   = ["iam:PassRole"]
    resources = ["${local.own}-github-*"]
  }

  # Nor does it read a provider's key, or read, forge or remove what is in the audit log.
  statement {
    sid       = "Secrets"
    effect    = "Deny"
    actions   = ["s3:BypassGovernanceRetention", "s3:DeleteObjectVersion", "secretsmanager:GetSecretValue"]
    resources = ["*"]
  }

  statement {
    sid       = "Records"
    effect    = "Deny"
    actions   = ["s3:DeleteObject", "s3:GetObject*", "s3:PutObject*"]
    resources = ["arn:aws:s3:::${var.context.name}-audit-*/*"]
  }
}
