#include "provider/names.h"
#include "provider/random.h"
#include <stdio.h>

#define WORDS 64u

static const char *const manners[WORDS] = {
	"Amber",   "Bold",   "Brave",  "Bright", "Brisk",  "Calm",   "Candid", "Cheery", "Clear",  "Clever", "Cobalt", "Cosmic",  "Crisp",
	"Curious", "Daring", "Dapper", "Dusky",  "Eager",  "Early",  "Fair",   "Fleet",  "Frosty", "Gentle", "Gilded", "Glad",    "Golden",
	"Grand",   "Happy",  "Hardy",  "Honest", "Humble", "Indigo", "Ivory",  "Jade",   "Jolly",  "Keen",   "Kind",   "Lively",  "Loyal",
	"Lucid",   "Lucky",  "Lunar",  "Mellow", "Merry",  "Mighty", "Misty",  "Modest", "Neat",   "Nimble", "Noble",  "Patient", "Placid",
	"Polite",  "Proud",  "Quick",  "Quiet",  "Rapid",  "Royal",  "Silent", "Silver", "Solar",  "Steady", "Sunny",  "Swift",
};

static const char *const animals[WORDS] = {
	"Badger",  "Beaver", "Bison",   "Bittern", "Bobcat",   "Caribou", "Cheetah", "Condor", "Cougar",  "Coyote", "Crane",
	"Cuckoo",  "Curlew", "Dingo",   "Dolphin", "Dormouse", "Eagle",   "Egret",   "Falcon", "Ferret",  "Finch",  "Gannet",
	"Gazelle", "Gecko",  "Gibbon",  "Grouse",  "Hare",     "Hawk",    "Heron",   "Hoopoe", "Ibex",    "Ibis",   "Iguana",
	"Jackdaw", "Jaguar", "Kestrel", "Koala",   "Lemur",    "Leopard", "Linnet",  "Lynx",   "Magpie",  "Marmot", "Marten",
	"Meerkat", "Moose",  "Narwhal", "Ocelot",  "Orca",     "Osprey",  "Otter",   "Panda",  "Pelican", "Puffin", "Quail",
	"Raven",   "Robin",  "Seal",    "Sparrow", "Stoat",    "Swallow", "Tapir",   "Walrus", "Wombat",
};

void name_write(char name[NAME_SIZE], uint64_t seed, uint32_t number)
{
	/* An odd factor makes `position` a permutation of the pairs: no two numbers below WORDS * WORDS share a name. */
	uint32_t factor = (uint32_t)random_mix(seed) | 1u, shift = (uint32_t)random_mix(seed + 1);
	uint32_t position = (number * factor + shift) % (WORDS * WORDS), round = number / (WORDS * WORDS);
	const char *manner = manners[position % WORDS], *animal = animals[position / WORDS];
	if (round)
		snprintf(name, NAME_SIZE, "%s %s %u", manner, animal, round + 1);
	else
		snprintf(name, NAME_SIZE, "%s %s", manner, animal);
}
