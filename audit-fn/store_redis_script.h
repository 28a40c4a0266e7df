/* audit-fn/store_redis_script.h: the steps of store.h as a script of Redis: one update, atomically.
 *
 * KEYS: the player's watermark, the window. ARGV: the event, its time, when the window closes, worth, threshold, reply, retention in
 * milliseconds. A window is a hash: of each event its worth, and their sum as "s"; a flagged one has its latch as "r" and the event as "e".
 * Times are digits of one length, compared as text. */
#pragma once

static const char store_redis_script[] = "local mark = redis.call('GET', KEYS[1])\n"
					 "if not mark or ARGV[2] > mark then mark = ARGV[2] end\n"
					 "redis.call('SET', KEYS[1], mark, 'PX', ARGV[7])\n"
					 "local reply = redis.call('HGET', KEYS[2], 'r')\n"
					 "if reply then\n"
					 "  redis.call('PEXPIRE', KEYS[2], ARGV[7])\n"
					 "  return {2, redis.call('HGET', KEYS[2], 'e') == ARGV[1] and 1 or 0, reply}\n"
					 "end\n"
					 "if mark > ARGV[3] then return {1} end\n"
					 "local worth = tonumber(ARGV[4])\n"
					 "if worth == 0 then return {0} end\n"
					 "local known = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)\n"
					 "local sum = tonumber(redis.call('HGET', KEYS[2], 's') or 0)\n"
					 "if worth > known then\n"
					 "  redis.call('HSET', KEYS[2], ARGV[1], worth)\n"
					 "  sum = redis.call('HINCRBY', KEYS[2], 's', worth - known)\n"
					 "end\n"
					 "if sum > tonumber(ARGV[5]) then\n"
					 "  redis.call('DEL', KEYS[2])\n"
					 "  redis.call('HSET', KEYS[2], 'r', ARGV[6], 'e', ARGV[1])\n"
					 "  redis.call('PEXPIRE', KEYS[2], ARGV[7])\n"
					 "  return {2, 1, ARGV[6]}\n"
					 "end\n"
					 "redis.call('PEXPIRE', KEYS[2], ARGV[7])\n"
					 "return {0}\n";
