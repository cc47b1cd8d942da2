locals {
  # Our names for GitHub's subjects, with the longest that a job of each may take.
  hours = { apply = 2, audit = 1, plan = 1, preview = 1 }
  # Terraform reads all that there is to compare; the audit reads its records alone, a preview the state alone.
  terraform = setintersection(keys(local.subjects), ["apply", "plan"])
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

# A policy of its own: the inline policies of a role have 10,240 characters together.
resource "aws_iam_policy" "read" {
  name        = "${var.context.name}-github-read"
  description = "Reads the settings of what Terraform made, and no data"
  policy      = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "read" {
  for_each = local.terraform

  policy_arn = aws_iam_policy.read.arn
  role       = aws_iam_role.github[each.key].name
}

resource "aws_iam_role_policy" "change" {
  name   = "change-deployment"
  policy = data.aws_iam_policy_document.change.json
  role   = aws_iam_role.github["apply"].id
}

resource "aws_iam_role_policy" "audit" {
  for_each = setintersection(keys(local.subjects), ["audit"])

  name   = "check-the-records"
  policy = one(data.aws_iam_policy_document.audit[*].json)
  role   = aws_iam_role.github[each.key].id
}
