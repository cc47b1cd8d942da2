locals {
  # Names can be given up and taken by others, ids cannot: https://docs.github.com/actions/reference/openid-connect-reference
  owner      = var.repository.immutable_subject ? "${var.repository.owner}@${var.repository.owner_id}" : var.repository.owner
  name       = var.repository.immutable_subject ? "${var.repository.name}@${var.repository.id}" : var.repository.name
  repository = "repo:${local.owner}/${local.name}"

  # A job with an environment has the environment in its subject, and nothing else. So a branch cannot apply, whatever
  # its workflow says, and a pull request from a fork gets no token at all. Whoever may push a branch may open a pull
  # request and write its workflow: it gets the state to compare with, and asks AWS nothing. What is merged plans in
  # full, and reads the records of who asked what.
  default_branch = "${local.repository}:ref:refs/heads/${var.repository.default_branch}"
  subjects = merge(
    {
      apply   = ["${local.repository}:environment:${var.environment}"]
      plan    = [local.default_branch]
      preview = ["${local.repository}:pull_request"]
    },
    var.audit == null ? {} : { audit = [local.default_branch] },
  )
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = each.value
    }
  }
}
