-- What becomes of a body's parameters with the targets of its model. In: the body's members and, out of TREATED, a letter for
-- each parameter (gwctl.edge.parameters has the table). Out: the names of those that are dropped, and whether the body is
-- handed on as it is; or an error that names what would change the answer's meaning if it were dropped.

local MAX_VALUE = 64 -- bytes: no harmless value is longer
local MAX_NAME = 64

local function is_harmless(key, value)
  if value == "null" then
    return true
  end
  local harmless = HARMLESS[key]
  return harmless and #value <= MAX_VALUE and harmless[(value:gsub("%s+", ""))]
end

local function has(value, name)
  local ok, members = pcall(json.members, value, math.huge)
  return not ok or members[name] ~= nil
end

local function plain(key)
  return #key <= MAX_NAME and key:find("^[%w_.-]+$") and key or "other"
end

local function refuse(keys, model)
  table.sort(keys)
  local detail = "The model " .. json.shown(model) .. " cannot be given " .. table.concat(keys, ", ")
    .. ", and without it the answer could mean something else. Leave it out, or let the gateway's administrators set "
    .. "drop_unsupported on the route."
  error({ code = "unsupported_parameter", detail = detail, param = keys[1] }, 0)
end

local function sort_out(body, treated, drop)
  local dropped, refused, as_it_is = {}, {}, false
  local by_name, others = treated.by_name, treated.others
  for key, at in pairs(body.members) do
    local how = by_name[key] or others
    if how ~= "p" then
      local value = body.raw:sub(at[1], at[2])
      if how == "h" then
        as_it_is = true
      elseif not is_harmless(key, value) then
        local refusing = how == "r" or (REFUSED_WITH[key] and has(value, REFUSED_WITH[key]))
        local list = refusing and not drop and refused or dropped
        list[#list + 1] = plain(key)
      end
    end
  end
  if #refused > 0 then
    refuse(refused, body.request.model)
  end
  table.sort(dropped)
  return dropped, as_it_is
end

return { sort_out = sort_out }
