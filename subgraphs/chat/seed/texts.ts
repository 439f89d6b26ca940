/** Short talks of which the samples are made; two people or more take turns. `{name}` becomes somebody's handle. */
export const talks: readonly (readonly string[])[] = [
  [
    'Are you still up for lunch on Thursday?',
    'Yes! The ramen place by the station?',
    'They only take walk-ins, so let us be there before noon.',
    'Half past eleven then.',
    'Perfect. I will bring the book you lent me in March.',
    'Keep it as long as you like, I have three others waiting.',
  ],
  [
    'Did the parcel arrive?',
    'This morning, and the box was not even dented.',
    'Good. The last one looked as if somebody had sat on it.',
    'What do I owe you for postage?',
    'Nothing, get the next coffee.',
  ],
  [
    'The train is 20 minutes late again.',
    'I can wait in the café on platform 2.',
    'Save me a cinnamon roll please.',
    'There is one left and it has your name on it.',
    'You are a **hero**.',
  ],
  [
    'Has anybody tried the new bakery on Mill Street?',
    'Twice already. Their rye with walnuts is worth the queue.',
    'Closed on Mondays though, I stood there in the rain.',
    '@{name} you always know these things, do they sell flour too?',
    'Only the coarse one, in two-kilo bags.',
    'Good enough for me.',
  ],
  [
    'Forecast says sun from ten on.',
    'Then we take the ridge and not the valley.',
    'I have room for two more in the car.',
    '@{name} can you bring the map? Mine stops at the river.',
    'Packed. Also a thermos and far too many sandwiches.',
    'See you at the parking lot, 8:15.',
    'Somebody wake me with a call at seven, please.',
  ],
  [
    'I finished chapter nine and have opinions.',
    'No spoilers, I am on chapter six!',
    'Only this: keep an eye on the lighthouse keeper.',
    'That *is* a spoiler.',
    'Fine. Wednesday at eight, same place?',
    'I will bring the questions that @{name} wrote down last time.',
  ],
];

/** What colleagues of a shop write. */
export const workTalks: readonly (readonly string[])[] = [
  [
    'Morning all. Two returns came in overnight, both with receipts.',
    'I can take the first one before opening.',
    '@{name} could you look at the second? The customer asks for an exchange.',
    'On it, the size she wants is in stock.',
    'Thanks! Please note it in the order when it is done.',
    'Done, label is printed.',
  ],
  [
    'The supplier moved the delivery to Friday.',
    'Then we run out of the small boxes on Thursday.',
    'I found forty of them behind the ladder.',
    'That is the best news of the week.',
    'Counting them into the stock now.',
  ],
  [
    'New photos for the autumn page are ready.',
    'They look great, especially the third one.',
    'Can we use it for the newsletter too?',
    '@{name} has the last word on the newsletter.',
    'Yes, go ahead. Send me the large version.',
    'It goes out on Tuesday at nine.',
  ],
  [
    'Who closes tonight?',
    'Me, but I have to leave at six sharp.',
    'I can count the register then.',
    'The key is in the second drawer.',
    'Found it. Have a nice evening!',
  ],
];

/** Groups of friends, and what they are about. */
export const groups: readonly (readonly [name: string, topic: string | null])[] = [
  ['Weekend hikes', 'Where we go when it does not rain'],
  ['Book club', 'One novel a month, no spoilers before Wednesday'],
  ['Saturday market', null],
  ['Choir, second row', 'Rehearsals on Tuesdays at seven'],
  ['Board games', 'Next: bring something for six people'],
  ['Bread bakers', 'Starters, crumbs and failures'],
];

export const workGroups: readonly (readonly [name: string, topic: string | null])[] = [
  ['Shop floor', 'Opening, closing and everything between'],
  ['Orders and returns', 'What came in, what went back'],
];
