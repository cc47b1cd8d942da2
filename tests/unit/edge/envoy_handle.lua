-- A small fake of the handle that Envoy gives to Lua scripts: what policy.lua uses of it, as the documentation of
-- Envoy's Lua filter describes it. `new_handle` takes a table of headers (name -> value) and a body or nil.

-- What the agent answers to a call: headers and body. Tests set it.
scanner_says = { { [":status"] = "503" }, "" }

local plain_pairs = pairs
-- Envoy's LuaJIT is built with Lua 5.2's __pairs, lupa's is not.
function pairs(t)
  local meta = getmetatable(t)
  if type(meta) == "table" and meta.__pairs then
    return meta.__pairs(t)
  end
  return plain_pairs(t)
end

local Headers = {}
Headers.__index = Headers
function Headers:get(name)
  return self.values[name]
end
function Headers:replace(name, value)
  assert(type(value) == "string", "a header's value must be a string")
  self.values[name] = value
end
function Headers:remove(name)
  assert(not self.iterating, "headers must not change while they are iterated over")
  self.values[name] = nil
end
Headers.__pairs = function(self)
  local key
  return function()
    local value
    key, value = next(self.values, key)
    self.iterating = key ~= nil
    return key, value
  end
end

local Body = {}
Body.__index = Body
function Body:length()
  return #self.bytes
end
function Body:getBytes(start, length)
  assert(start >= 0 and start + length <= #self.bytes, "index/length must be >= 0 and (index + length) must be <= buffer size")
  return self.bytes:sub(start + 1, start + length)
end
function Body:setBytes(bytes)
  assert(type(bytes) == "string")
  self.bytes = bytes
  return #bytes
end

function new_handle(headers, body, metadata, address)
  local handle = {
    sent = nil,
    route_cache_cleared = false,
    errors = {},
    metadata = metadata,
    header_map = setmetatable({ values = headers }, Headers),
    body_buffer = body and setmetatable({ bytes = body }, Body),
  }
  local dynamic = {}
  function dynamic:get(filter)
    return handle.metadata[filter]
  end
  function dynamic:set(filter, key, value)
    assert(value ~= nil, "metadata needs a value")
    handle.metadata[filter] = handle.metadata[filter] or {}
    handle.metadata[filter][key] = value
  end
  local info = {}
  function info:dynamicMetadata()
    return dynamic
  end
  function info:downstreamRemoteAddress()
    return address
  end
  function handle:headers()
    return self.header_map
  end
  function handle:body(always)
    if always and not self.body_buffer then
      self.body_buffer = setmetatable({ bytes = "" }, Body)
    end
    return self.body_buffer
  end
  function handle:streamInfo()
    return info
  end
  function handle:respond(headers, body)
    assert(headers[":status"], "a response needs a status")
    assert(not self.sent, "only one response can be sent")
    self.sent = { headers = headers, body = body }
  end
  function handle:httpCall(cluster, headers, body, timeout)
    assert(headers[":method"] and headers[":path"] and headers[":authority"] and timeout > 0)
    self.asked = { cluster = cluster, headers = headers, body = body }
    return unpack(scanner_says)
  end
  function handle:clearRouteCache()
    self.route_cache_cleared = true
  end
  function handle:logErr(message)
    self.errors[#self.errors + 1] = message
  end
  return handle
end
