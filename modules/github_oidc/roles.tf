locals {
  # GitHub's subjects, our names. An hour is what a plan may take, two what an apply may.
  hours = { apply = 2, plan = 1 }
}

resource "aws_iam_role" "github" {
  for_each = local.subjects

  name                 = "${var.context.name}-github-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  description          = "GitHub Actions of ${var.repository.owner}/${var.repository.name}: ${each.key}"
  max_session_duration = local.hours[each.key] * 3600
}

resource "aws_iam_role_policy" "state" {
  for_each = local.subjects

  name   = "state"
  policy = data.aws_iam_policy_document.state[each.key].json
  role   = aws_iam_role.github[each.key].id
}

resource "aws_iam_role_policy" "read" {
  for_each = local.subjects

  name   = "read-settings"
  policy = data.aws_iam_policy_document.read.json
  role   = aws_iam_role.github[each.key].id
}

resource "aws_iam_role_policy" "change" {
  name   = "change-deployment"
  policy = data.aws_iam_policy_document.change.json
  role   = aws_iam_role.github["apply"].id
}
