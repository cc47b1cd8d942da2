output "route_documents" {
  description = "Route documents by alias, for `gwctl routing apply`."
  value       = local.documents
}
