import { demo, demoConversationId, demoPeople, demoSellers } from '@supergraph/schema/demo';
import type { PlaygroundPage } from './src/playground.ts';

const shop = `# One query over five domains:
# catalog, organizations, reviews, accounts and inventory.
query Shop($search: String) {
  products(first: 20, filter: { search: $search }) {
    totalCount
    nodes {
      title
      seller {
        name
      }
      rating {
        average
        count
      }
      reviews(first: 3) {
        nodes {
          rating
          title
          author {
            displayName
          }
        }
      }
      variants {
        sku
        price {
          amount {
            amount
            currency
          }
          onSale
        }
        availability {
          status
          quantity
        }
      }
    }
  }
}
`;

const bargains = `# The best rated things below 40 EUR that are in stock.
query Bargains {
  products(
    first: 10
    filter: { currency: "EUR", priceTo: "40.00", inStock: true, minRating: 4 }
    orderBy: { field: RATING, direction: DESC }
  ) {
    nodes {
      title
      rating {
        average
        count
      }
      variants {
        price(currency: "EUR") {
          amount {
            amount
          }
          priorLowest {
            amount
          }
          discountPercent
        }
      }
    }
  }
}
`;

const me = `# Sign in above, then run this:
# everything personal hangs from viewer.
query Me {
  viewer {
    displayName
    email
    unreadNotificationCount
    memberships(first: 5) {
      nodes {
        role {
          name
        }
        organization {
          name
        }
      }
    }
    conversations(first: 5) {
      nodes {
        name
        lastMessage {
          body
        }
        viewer {
          unreadCount
        }
      }
    }
  }
}
`;

const live = `# Sign in as Ada Berg and press play. Then open this page in another window,
# sign in as Bruno Costa there and run the tab "Write".
subscription Live {
  notificationChanged {
    cursor
    kind
    notification {
      title
      body
      count
      updatedAt
    }
    counts {
      unread
    }
  }
}
`;

const write = `# Bruno writes to Ada. The same clientMessageId sends a message once,
# however often it is repeated: change it below for the next one.
mutation Write($input: SendMessageInput!) {
  sendMessage(input: $input) {
    message {
      seq
      body
      createdAt
      author {
        displayName
      }
    }
  }
}
`;
const message = { conversationId: demoConversationId(1), clientMessageId: 'hello-1', body: 'Are you there, Ada?' };

/** What the playground shows a newcomer: operations that work at once on the sample data. */
export const playgroundPage: PlaygroundPage = {
  password: demo.password,
  people: demoPeople
    .slice(0, 2)
    .map(({ email, displayName }, index) => ({ email, name: displayName, ...(index === 1 ? { role: 'administrator' } : {}) })),
  organizations: demoSellers.map(({ id, name }) => ({ id, name })),
  samples: [
    { query: shop, variables: '{ "search": null }' },
    { query: bargains },
    { query: me },
    { query: live },
    { query: write, variables: JSON.stringify({ input: message }, null, 2) },
  ],
};
