-- tests/bench/events.lua: what wrk sends to audit-fn: game.hits in binary mode; one event in `cheat` (0: none) is over the threshold, each has
-- an identity and a time of its own. Prints one line of JSON.
local thread_count = 0
function setup(thread)
    thread:set("number", thread_count * 1e9)
    thread_count = thread_count + 1
end

function init(args)
    cheat, timed = tonumber(args[1] or 0), args[2] == "timed"
    headers = {["ce-specversion"] = "1.0", ["ce-source"] = "/umpire/provider/bench", ["ce-type"] = "game.hits", ["ce-subject"] = "p-0042",
               ["Content-Type"] = "application/json"}
end

function request()
    number = number + 1
    headers["ce-id"] = string.format("%.0f", number)
    if timed then headers["ce-time"] = string.format("2026-01-01T%02d:%02d:%02dZ", number / 3600 % 24, number / 60 % 60, number % 60) end
    local hits = cheat > 0 and number % cheat == 0 and 14 or number % 10
    local player = timed and number % 10000 or 42
    return wrk.format("POST", "/", headers, string.format('{"match":"m-0007","player":"p-%04d","name":"Ada","hits":%d}', player, hits))
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format('{"requests":%d,"seconds":%.3f,"p50_us":%.0f,"p99_us":%.0f,"p999_us":%.0f,"errors":%d}\n', summary.requests,
        summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
