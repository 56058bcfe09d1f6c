//! Bounds on what is remembered of others that cost no more to keep than what is put in.

use std::hash::Hash;

use super::keyed::KeyedMap;

/// Makes room for `key` in a map of at most `most` entries: once it is full the older half of them goes, by what `age` says of
/// each. So the map is walked once for every `most / 2` entries put in, whatever their ages are.
pub(crate) fn make_room<K: Eq + Hash, V, A: Ord + Copy>(
    map: &mut KeyedMap<K, V>,
    most: usize,
    key: &K,
    age: impl Fn(&V) -> A,
) {
    if map.len() >= most && !map.contains_key(key) {
        halve(map, age);
    }
}

/// The older half of a map goes.
fn halve<K: Eq + Hash, V, A: Ord + Copy>(map: &mut KeyedMap<K, V>, age: impl Fn(&V) -> A) {
    halve_seeing(map, age, |_| {});
}

/// The same; `stays` is shown what does not go.
pub(crate) fn halve_seeing<K: Eq + Hash, V, A: Ord + Copy>(
    map: &mut KeyedMap<K, V>,
    age: impl Fn(&V) -> A,
    mut stays: impl FnMut(&V),
) {
    let mut ages: Vec<A> = map.values().map(&age).collect();
    let middle = ages.len() / 2;
    if middle < ages.len() {
        let (_, limit, _) = ages.select_nth_unstable(middle);
        let limit = *limit;
        retain(map, |value| {
            let is_young = age(value) > limit;
            if is_young {
                stays(value);
            }
            is_young
        });
    }
}

/// Of a map stays what is wanted, in a table that is as good as new. What is taken out of one leaves marks in it, and a table more than
/// half full that has no room left for marks doubles: one that is full again and again would take twice the memory.
pub(crate) fn retain<K: Eq + Hash, V>(map: &mut KeyedMap<K, V>, mut wanted: impl FnMut(&V) -> bool) {
    let kept: Vec<(K, V)> = map.drain().filter(|(_, value)| wanted(value)).collect();
    map.extend(kept);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How many entries are looked at while `count` are put into a map of 1000, each of the age that `age` says.
    fn looked_at(count: u32, age: impl Fn(u32) -> i64) -> (usize, KeyedMap<u32, i64>) {
        let mut map = KeyedMap::default();
        let looks = Cell::new(0_usize);
        for key in 0..count {
            make_room(&mut map, 1000, &key, |age| {
                looks.set(looks.get().saturating_add(1));
                *age
            });
            map.insert(key, age(key));
            assert!(map.len() <= 1000);
        }
        (looks.get(), map)
    }

    #[test]
    fn room_costs_no_more_than_what_was_put_in() {
        for age in [|key: u32| i64::from(key), |key| -i64::from(key), |_| 7, |key| i64::from(key % 3)] {
            let (looks, _) = looked_at(100_000, age);
            // Twice the map, once for every five hundred.
            assert!(looks <= 5 * 100_000, "{looks}");
        }
    }

    #[test]
    fn the_table_of_a_map_that_is_full_stays_as_large_as_it_is() {
        let mut map = KeyedMap::default();
        let mut full = None;
        for key in 0..100_000_u32 {
            make_room(&mut map, 1000, &key, |age| *age);
            map.insert(key, key);
            if map.len() == 1000 {
                assert_eq!(map.capacity(), *full.get_or_insert(map.capacity()));
            }
        }
        assert!(full.is_some_and(|full| full < 2000), "{full:?}");
    }

    #[test]
    fn what_is_old_makes_room_for_what_is_new() {
        let (_, map) = looked_at(100_000, i64::from);
        assert!((99_600..100_000).all(|key| map.contains_key(&key)), "the latest are there");
        assert!(!map.contains_key(&90_000));
        let mut full: KeyedMap<u32, i64> = (0..1000).map(|key| (key, 0)).collect();
        make_room(&mut full, 1000, &7, |age| *age);
        assert_eq!(full.len(), 1000, "what is there needs no room");
    }
}
