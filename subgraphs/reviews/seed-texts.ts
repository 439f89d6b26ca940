import type { DemoSeller } from '@supergraph/schema/demo';

type Stars = 1 | 2 | 3 | 4 | 5;

/** Headlines by stars. */
export const titles: Readonly<Record<Stars, readonly string[]>> = {
  5: [
    'Exactly what I hoped for',
    'Would buy it again',
    'A small joy every day',
    'Better than I expected',
    'Simply well made',
    'My new favorite',
    'No complaints at all',
  ],
  4: ['Very good, nearly perfect', 'Solid choice', 'Does what it promises', 'Happy with it', 'Good value', 'One small thing aside, great'],
  3: ['All right', 'Good idea, average result', 'Neither here nor there', 'Fine for the price', 'Mixed feelings'],
  2: ['Not what I expected', 'Could be better', 'A bit disappointing', 'Looks nicer in the pictures'],
  1: ['Sent it back', 'Sadly not for me', 'Broke within a week', 'I expected more'],
};

/** What anybody may say of anything, by stars. */
export const remarks: Readonly<Record<Stars, readonly string[]>> = {
  5: [
    'It arrived a day early and was packed with care.',
    'I have recommended it to two friends already.',
    'You can tell that somebody thought about the details.',
    'After three months it still looks like new.',
    'Worth every cent.',
  ],
  4: [
    'The delivery took a little longer than announced.',
    'I would have liked a second color to choose from.',
    'The instructions could be clearer, but you get there.',
    'A little more expensive than others, and a little better.',
    'It does its work without fuss.',
  ],
  3: [
    'It is usable, but I had hoped for more.',
    'For occasional use it is fine.',
    'The size runs smaller than the description says.',
    'I keep it, though I would look around next time.',
  ],
  2: [
    'The finish is rough in places.',
    'Customer service was friendly but could not help.',
    'It feels cheaper than it is.',
    'I use it less than I thought I would.',
  ],
  1: [
    'It arrived damaged, and the replacement was no better.',
    'I asked for my money back.',
    'The description has little to do with what came.',
    'It stopped being useful after a few days.',
  ],
};

/** What people say of a seller's kind of things: the pleased, then the others. */
export const ofSeller: Readonly<Record<DemoSeller['slug'], readonly [readonly string[], readonly string[]]>> = {
  'harbor-books': [
    [
      'The binding is lovely and the paper is easy on the eyes.',
      'I read it in two evenings and started again.',
      'The translation flows as if it had been written that way.',
      'A fine present for somebody who has read everything.',
    ],
    ['The pages came out of the binding.', 'The print is far too small.', 'The middle third drags on without an end.'],
  ],
  'north-kitchen': [
    [
      'It heats evenly and is easy to clean.',
      'My bread has never turned out this well.',
      'Sharp, well balanced and pleasant to hold.',
      'Even our oldest says that dinner tastes better now.',
    ],
    ['The handle gets hot after a few minutes.', 'The coating came off in the dishwasher.', 'It is heavier than it has any right to be.'],
  ],
  'field-and-trail': [
    [
      'It kept me dry through two days of rain.',
      'Light enough to forget that I carry it.',
      'Stood firm in a storm at the coast.',
      'The zippers run smoothly, even with gloves.',
    ],
    ['A seam opened on the second hike.', 'It lets water in at the shoulders.', 'The straps come loose while walking.'],
  ],
  'studio-supply': [
    [
      'The colors are strong and mix cleanly.',
      'The paper takes a lot of water without buckling.',
      'My students fight over it.',
      'The tip stays precise after weeks of drawing.',
    ],
    ['Half of the tubes had dried out.', 'The brush loses hair.', 'The white turned yellow after a month.'],
  ],
};

/** What sellers answer: to the pleased, then to the others. */
export const answers: readonly [readonly string[], readonly string[]] = [
  [
    'Thank you for taking the time, it made our day.',
    'We are glad that you like it. See you again!',
    'Thank you! We have passed this on to the workshop.',
  ],
  [
    'We are sorry about this. Please write to us, we will replace it.',
    'That is not how it should be. A new one is on its way to you.',
    'Thank you for telling us; we have talked to the maker about it.',
  ],
];
