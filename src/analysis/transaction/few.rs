//! A list that mostly has one item, which then takes no memory of its own.

use std::ops::{Deref, DerefMut};

/// The list. It reads as a slice.
#[derive(Clone, Debug)]
pub enum Few<T> {
    /// One item.
    One([T; 1]),
    /// None, or several.
    Many(Vec<T>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> Few<T> {
    /// Appends an item.
    pub fn push(&mut self, item: T) {
        match self {
            Self::Many(items) if items.is_empty() => *self = Self::One([item]),
            Self::Many(items) => items.push(item),
            Self::One(_) => {
                if let Self::One([first]) = std::mem::take(self) {
                    *self = Self::Many(vec![first, item]);
                }
            }
        }
    }
}

impl<T> Few<T> {
    /// Puts an item before that at `index`, or behind all.
    pub fn insert(&mut self, index: usize, item: T) {
        self.push(item);
        if let Some(tail) = self.get_mut(index..) {
            tail.rotate_right(1);
        }
    }

    /// Drops the first item.
    pub fn drop_first(&mut self) {
        match self {
            Self::One(_) => *self = Self::default(),
            Self::Many(items) => {
                if !items.is_empty() {
                    items.remove(0);
                }
            }
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => one,
            Self::Many(items) => items,
        }
    }
}

impl<T> DerefMut for Few<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::One(one) => one,
            Self::Many(items) => items,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut few = Self::default();
        items.into_iter().for_each(|item| few.push(item));
        few
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> std::slice::Iter<'a, T> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn it_grows_like_any_list() {
        let mut few = Few::default();
        for number in 0..5_u8 {
            assert_eq!(few.len(), usize::from(number));
            few.push(number);
        }
        assert_eq!(*few, [0, 1, 2, 3, 4]);
        few.insert(2, 7);
        assert_eq!(*few, [0, 1, 7, 2, 3, 4]);
        few.insert(99, 8);
        few.drop_first();
        assert_eq!(*few, [1, 7, 2, 3, 4, 8]);
        let mut one = Few::default();
        one.insert(0, 1);
        one.insert(0, 2);
        assert_eq!(*one, [2, 1]);
        one.drop_first();
        one.drop_first();
        one.drop_first();
        assert!(one.is_empty());
        few[0] = 9;
        assert_eq!(few.iter().copied().max(), Some(9));
    }
}
