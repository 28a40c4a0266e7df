-- tests/soak/mix.lua: what the world may send to audit-fn, for wrk: valid events in each mode, malformed ones, and hostile requests. What is
-- chosen depends on the thread's seed only.
local threads = 0
function setup(thread)
    thread:set("seed", threads)
    threads = threads + 1
end

local function binary(data, more)
    local headers = {["ce-specversion"] = "1.0", ["ce-id"] = tostring(math.random(1e9)), ["ce-source"] = "/soak", ["ce-type"] = "game.hits",
                     ["ce-time"] = string.format("2026-01-01T00:%02d:%02dZ", math.random(0, 59), math.random(0, 59)),
                     ["Content-Type"] = "application/json"}
    for name, value in pairs(more or {}) do headers[name] = value ~= "" and value or nil end
    return wrk.format("POST", "/", headers, data)
end

local function hits(value)
    return string.format('{"match":"m-1","player":"p-%d","name":"A","hits":%s}', math.random(200), value)
end

local function event(value)
    return string.format('{"specversion":"1.0","id":"%d","source":"/soak","type":"game.hits","time":"2026-01-01T00:%02d:00Z","data":%s}',
        math.random(1e9), math.random(0, 59), hits(value))
end

local function raw(head, body)
    return "POST / HTTP/1.1\r\nHost: soak\r\n" .. head .. "\r\n" .. (body or "")
end

local valid = {
    function() return binary(hits(math.random(0, 10))) end,
    function() return binary(hits(math.random(0, 10))) end,
    function() return binary(hits(math.random(11, 30)), {["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) end,
    function() return binary(hits("1.1e1"), {["ce-subject"] = "Euro%20%E2%82%AC"}) end,
    function() return binary("x", {["ce-type"] = "chat.line", ["Content-Type"] = "text/plain"}) end,
    function() return wrk.format("POST", "/", {["Content-Type"] = "application/cloudevents+json"}, event(math.random(0, 20))) end,
    function()
        local events = {}
        for i = 1, math.random(0, 20) do events[i] = event(math.random(0, 20)) end
        return wrk.format("POST", "/", {["Content-Type"] = "application/cloudevents-batch+json"}, "[" .. table.concat(events, ",") .. "]")
    end,
    function() return wrk.format("GET", "/") end,
    function() return wrk.format("GET", "/health/readiness") end,
    function() return wrk.format("OPTIONS", "/", {["WebHook-Request-Origin"] = "soak.example"}) end,
}
local wrong = {
    function() return binary(hits('"eleven"')) end,
    function() return binary(hits("-1")) end,
    function() return binary(hits("9007199254740992")) end,
    function() return binary('{"hits":11') end,
    function() return binary(string.rep("[", 2000)) end,
    function() return binary('{"hits":1,"hits":2}') end,
    function() return binary('{"player":"\\ud800","hits":3}') end,
    function() return binary("\255\254\0\1") end,
    function() return binary(hits(3), {["ce-id"] = ""}) end,
    function() return binary(hits(3), {["ce-subject"] = "100%"}) end,
    function() return binary(hits(3), {["ce-subject"] = "\200"}) end,
    function() return binary(hits(3), {["ce-time"] = "noon"}) end,
    function() return wrk.format("POST", "/", {["Content-Type"] = "application/json"}, hits(3)) end,
    function() return wrk.format("POST", "/", {["Content-Type"] = "application/cloudevents+xml"}, "<a/>") end,
    function() return wrk.format("POST", "/", {["Content-Type"] = "application/cloudevents-batch+json"}, "[" .. event(3) .. ",{}]") end,
    function() return wrk.format("PUT", "/", nil, "x") end,
    function() return wrk.format("POST", "/elsewhere/" .. math.random(1e9), nil, "x") end,
}
local hostile = {
    function() return raw("Content-Length: 1\r\nContent-Length: 2\r\n", "xx") end,
    function() return raw("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") end,
    function() return raw("Content-Length : 1\r\n", "x") end,
    function() return raw("Content-Length: 99999999999\r\nContent-Type: application/cloudevents+json\r\n") end,
    function() return raw("X: " .. string.rep("a", 40000) .. "\r\n") end,
    function() return raw(string.rep("a: b\r\n", 400) .. "Content-Length: 0\r\n") end,
    function() return binary(string.rep(" ", 300000)) end,
    function() return "\0\1\2\3 / HTTP/9\r\n\r\n" end,
}

function init()
    math.randomseed(seed + 1)
end

function request()
    local draw = math.random(1000)
    local choice = draw <= 10 and hostile or draw <= 250 and wrong or valid
    return choice[math.random(#choice)]()
end
