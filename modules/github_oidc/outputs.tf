output "apply_role_arn" {
  description = "Role for `AWS_APPLY_ROLE_<environment>` of the repository's variables."
  value       = aws_iam_role.github["apply"].arn
}

output "audit_role_arn" {
  description = "Role for `AWS_AUDIT_ROLE_<environment>`; null without `audit`."
  value       = one([for key, role in aws_iam_role.github : role.arn if key == "audit"])
}

output "oidc_provider_arn" {
  description = "GitHub's OpenID Connect provider, for the other deployments of this account."
  value       = local.provider_arn
}

output "plan_role_arn" {
  description = "Role for `AWS_PLAN_ROLE_<environment>` of the repository's variables."
  value       = aws_iam_role.github["plan"].arn
}

output "preview_role_arn" {
  description = "Role for `AWS_PREVIEW_ROLE_<environment>` of the repository's variables."
  value       = aws_iam_role.github["preview"].arn
}

output "subjects" {
  description = "Subjects that may assume each role, for comparison with the `sub` of a token that was refused."
  value       = local.subjects
}
