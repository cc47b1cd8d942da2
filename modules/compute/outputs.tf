output "bedrock_role_name" {
  description = "Role that calls Bedrock, for policies of opt-in features."
  value       = aws_iam_role.bedrock.name
}

output "ecr_repository_url" {
  description = "Repository of the agent's image."
  value       = aws_ecr_repository.this["agent"].repository_url
}

output "ecr_repository_urls" {
  description = "Repositories by container, for `gwctl images mirror`."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "ecs_cluster_name" {
  description = "Name of the cluster."
  value       = aws_ecs_cluster.this.name
}

output "ecs_service_name" {
  description = "Name of the service."
  value       = aws_ecs_service.gateway.name
}

output "provider_secret_arns" {
  description = "Secrets that wait for the providers' keys, by provider id."
  value       = { for id, secret in aws_secretsmanager_secret.provider : id => secret.arn }
}

output "task_definition_arn" {
  description = "Task definition in force, with its revision."
  value       = aws_ecs_task_definition.gateway.arn
}

output "task_role_arn" {
  description = "Role of the containers."
  value       = aws_iam_role.task.arn
}

output "task_security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.tasks.id
}
